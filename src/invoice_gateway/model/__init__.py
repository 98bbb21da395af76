"""The pure core: money, statuses, invoices, disputes, allocation and memos."""
