"""`python -m invoice_gateway`: the same program as the `invoice-gateway` command."""

from invoice_gateway.cli import main

if __name__ == "__main__":
    main()
