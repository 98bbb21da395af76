-- Orders, requests, offers, wallets, time and exchange rates, on SQLite.
-- A blank line ends a statement.

ALTER TABLE invoice ADD COLUMN discounts BIGINT DEFAULT '0' NOT NULL;

ALTER TABLE invoice ADD COLUMN reserved BIGINT DEFAULT '0' NOT NULL;

ALTER TABLE invoice ADD COLUMN carry_open BIGINT;

ALTER TABLE invoice ADD COLUMN carry_settled BIGINT;

ALTER TABLE invoice ADD COLUMN wake_at TEXT;

ALTER TABLE source ADD COLUMN held_for TEXT;

ALTER TABLE source ADD COLUMN spent BIGINT DEFAULT '0' NOT NULL;

ALTER TABLE source ADD COLUMN rate TEXT;

ALTER TABLE source ADD COLUMN accounting_currency TEXT;

ALTER TABLE source ADD COLUMN carry_open BIGINT;

ALTER TABLE source ADD COLUMN carry_settled BIGINT;

ALTER TABLE allocation ADD COLUMN carry BIGINT;

ALTER TABLE allocation ADD COLUMN source_carry BIGINT;

ALTER TABLE reversal ADD COLUMN carry BIGINT;

ALTER TABLE dispute ADD COLUMN respond_by TEXT;

CREATE TABLE customer_order (
    reference TEXT NOT NULL,
    account TEXT NOT NULL,
    method TEXT NOT NULL,
    currency TEXT NOT NULL,
    total BIGINT NOT NULL,
    shipping BIGINT NOT NULL,
    shipping_tax BIGINT NOT NULL,
    shipping_tax_category TEXT NOT NULL,
    shipping_tax_rate TEXT NOT NULL,
    placed_at TEXT NOT NULL,
    channel TEXT,
    capture TEXT,
    content_hash TEXT NOT NULL,
    cause TEXT NOT NULL,
    status TEXT NOT NULL,
    hold_reasons TEXT NOT NULL,
    invoices INTEGER NOT NULL,
    unshipped INTEGER NOT NULL,
    shipping_invoiced BOOLEAN NOT NULL,
    short_closed BOOLEAN NOT NULL,
    service_state TEXT NOT NULL,
    service_ref TEXT,
    suspended_by TEXT NOT NULL,
    released_by TEXT,
    version INTEGER NOT NULL,
    CONSTRAINT pk_customer_order PRIMARY KEY (reference)
);

CREATE TABLE invoice_detail (
    invoice_id INTEGER NOT NULL,
    name TEXT,
    recipient TEXT,
    due_days INTEGER,
    edition INTEGER NOT NULL,
    first_line INTEGER NOT NULL,
    copy_of_issuer TEXT,
    copy_of_number TEXT,
    execution TEXT,
    reserved_until TEXT,
    request TEXT,
    facility TEXT,
    fulfilment TEXT NOT NULL,
    tracking TEXT,
    series TEXT,
    transaction_no BIGINT,
    request_cancellation_days INTEGER,
    reminder_days INTEGER,
    suspension_days INTEGER,
    deletion_days INTEGER,
    converted_on DATE,
    reminded_on DATE,
    reminders INTEGER NOT NULL,
    overdue BOOLEAN NOT NULL,
    suspension_fired BOOLEAN NOT NULL,
    deletion_fired BOOLEAN NOT NULL,
    declared_on DATE,
    hold_until DATE,
    CONSTRAINT pk_invoice_detail PRIMARY KEY (invoice_id),
    CONSTRAINT fk_invoice_detail_invoice_id FOREIGN KEY(invoice_id) REFERENCES invoice (id)
);

CREATE TABLE offer (
    id TEXT NOT NULL,
    account TEXT NOT NULL,
    blocks TEXT NOT NULL,
    lines TEXT NOT NULL,
    cause TEXT NOT NULL,
    CONSTRAINT pk_offer PRIMARY KEY (id)
);

CREATE TABLE order_line (
    reference TEXT NOT NULL,
    position INTEGER NOT NULL,
    line_no TEXT NOT NULL,
    category TEXT NOT NULL,
    description TEXT NOT NULL,
    quantity BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    net BIGINT NOT NULL,
    tax BIGINT NOT NULL,
    item_code TEXT,
    unit_price TEXT NOT NULL,
    tax_category TEXT NOT NULL,
    tax_rate TEXT NOT NULL,
    serialised BOOLEAN NOT NULL,
    invoiced BIGINT NOT NULL,
    CONSTRAINT pk_order_line PRIMARY KEY (reference, position)
);

CREATE TABLE rate (
    base TEXT NOT NULL,
    quote TEXT NOT NULL,
    day DATE NOT NULL,
    rate TEXT NOT NULL,
    cause TEXT NOT NULL,
    as_of TEXT NOT NULL,
    CONSTRAINT pk_rate PRIMARY KEY (base, quote, day)
);

CREATE TABLE request (
    id TEXT NOT NULL,
    account TEXT NOT NULL,
    order_ref TEXT NOT NULL,
    type TEXT NOT NULL,
    invoice_issuer TEXT NOT NULL,
    invoice_number TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    cause TEXT NOT NULL,
    state TEXT NOT NULL,
    executed_at TEXT,
    executed_without_payment BOOLEAN NOT NULL,
    discounted BOOLEAN NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT pk_request PRIMARY KEY (id)
);

CREATE TABLE serial (
    number TEXT NOT NULL,
    account TEXT NOT NULL,
    order_ref TEXT NOT NULL,
    line_no TEXT NOT NULL,
    invoice_issuer TEXT NOT NULL,
    invoice_number TEXT NOT NULL,
    cause TEXT NOT NULL,
    CONSTRAINT pk_serial PRIMARY KEY (number)
);

CREATE TABLE series (
    issuer TEXT NOT NULL,
    series TEXT NOT NULL,
    last_no BIGINT NOT NULL,
    CONSTRAINT pk_series PRIMARY KEY (issuer, series)
);

CREATE INDEX ix_customer_order_open ON customer_order (account, placed_at) WHERE status IN ('InProcess', 'UnderReview', 'WaitingPayment', 'Quote');

CREATE INDEX ix_serial_order ON serial (order_ref);

CREATE INDEX ix_invoice_due ON invoice (account, due_date) WHERE pending > 0;

CREATE INDEX ix_invoice_wake ON invoice (wake_at) WHERE wake_at IS NOT NULL;

CREATE INDEX ix_invoice_order ON invoice (order_ref) WHERE order_ref IS NOT NULL;

CREATE INDEX ix_source_held ON source (held_for) WHERE held_for IS NOT NULL;

CREATE INDEX ix_dispute_respond ON dispute (respond_by) WHERE respond_by IS NOT NULL;

UPDATE invoice SET wake_at = date(due_date, '+1 day') || 'T00:00:00.000000+00:00' WHERE pending > 0;

DROP TRIGGER keep_invoice_update;

DROP TRIGGER keep_source_update;

DROP TRIGGER keep_allocation_update;

DROP TRIGGER keep_memo_update;

CREATE TRIGGER keep_invoice_update BEFORE UPDATE OF id, issuer, number, account, currency, kind, order_ref, payment_reference, content_hash, cause ON invoice FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'UPDATE of invoice refused: what was posted stays as it was posted'); END;

CREATE TRIGGER keep_source_update BEFORE UPDATE OF id, account, type, reference, currency, amount, value_date, origin, origin_document, method, bank_reference, end_to_end_id, asserted_by_erp, content_hash, cause, accounting_currency, rate, carrying ON source FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'UPDATE of source refused: what was posted stays as it was posted'); END;

CREATE TRIGGER keep_allocation_update BEFORE UPDATE OF id, source_id, number, invoice_id, currency, amount, mode, posted_on, cause ON allocation FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'UPDATE of allocation refused: what was posted stays as it was posted'); END;

CREATE TRIGGER keep_memo_update BEFORE UPDATE OF id, issuer, number, doc_type, account, currency, amount, issued_on, invoice_id, reason_code, reason_text, dispute_id, reverses_issuer, reverses_number, content_hash, cause, carrying ON memo FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'UPDATE of memo refused: what was posted stays as it was posted'); END;

CREATE TRIGGER keep_invoice_issued BEFORE UPDATE OF amount, issue_date, due_date, description, accounting_currency, rate, carrying ON invoice FOR EACH ROW WHEN (OLD.lifecycle NOT IN ('Draft', 'Sent')) BEGIN SELECT RAISE(ABORT, 'UPDATE of invoice refused: what was posted stays as it was posted'); END;

CREATE TRIGGER keep_allocation_posted BEFORE UPDATE OF carry, source_carry ON allocation FOR EACH ROW WHEN (OLD.state <> 'reserved') BEGIN SELECT RAISE(ABORT, 'UPDATE of allocation refused: what was posted stays as it was posted'); END;
