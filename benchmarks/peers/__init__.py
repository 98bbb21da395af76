"""Other people's ways to do the same durable job, tuned as their own documentation advises.

The job, the same for all: an `InvoicePosted` from a durable quorum queue, parsed safely and checked
against the gateway's own schema; inbox, invoice, lines and outbox in one durable transaction; an
`InvoiceIssued` with the content of ours, persistent, mandatory and confirmed; then the ack. They
know invoices only, and of them no rules: no accounts, rights, totals or history.

The outbox row is removed in bulk some time after the confirm, which is the favourable way for them.
"""
