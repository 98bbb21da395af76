-- Orders, requests, offers, wallets, time and exchange rates, on PostgreSQL.
-- A blank line ends a statement.

ALTER TABLE invoice ADD COLUMN discounts BIGINT DEFAULT '0' NOT NULL;

ALTER TABLE invoice ADD COLUMN reserved BIGINT DEFAULT '0' NOT NULL;

ALTER TABLE invoice ADD COLUMN carry_open BIGINT;

ALTER TABLE invoice ADD COLUMN carry_settled BIGINT;

ALTER TABLE invoice ADD COLUMN wake_at TIMESTAMP WITH TIME ZONE;

ALTER TABLE source ADD COLUMN held_for TEXT COLLATE "C";

ALTER TABLE source ADD COLUMN spent BIGINT DEFAULT '0' NOT NULL;

ALTER TABLE source ADD COLUMN rate TEXT COLLATE "C";

ALTER TABLE source ADD COLUMN accounting_currency TEXT COLLATE "C";

ALTER TABLE source ADD COLUMN carry_open BIGINT;

ALTER TABLE source ADD COLUMN carry_settled BIGINT;

ALTER TABLE allocation ADD COLUMN carry BIGINT;

ALTER TABLE allocation ADD COLUMN source_carry BIGINT;

ALTER TABLE reversal ADD COLUMN carry BIGINT;

ALTER TABLE dispute ADD COLUMN respond_by TIMESTAMP WITH TIME ZONE;

CREATE TABLE customer_order (
    reference TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    method TEXT COLLATE "C" NOT NULL,
    currency TEXT COLLATE "C" NOT NULL,
    total BIGINT NOT NULL,
    shipping BIGINT NOT NULL,
    shipping_tax BIGINT NOT NULL,
    shipping_tax_category TEXT COLLATE "C" NOT NULL,
    shipping_tax_rate TEXT COLLATE "C" NOT NULL,
    placed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    channel TEXT COLLATE "C",
    capture TEXT COLLATE "C",
    content_hash TEXT COLLATE "C" NOT NULL,
    cause TEXT COLLATE "C" NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    hold_reasons TEXT COLLATE "C" NOT NULL,
    invoices INTEGER NOT NULL,
    unshipped INTEGER NOT NULL,
    shipping_invoiced BOOLEAN NOT NULL,
    short_closed BOOLEAN NOT NULL,
    service_state TEXT COLLATE "C" NOT NULL,
    service_ref TEXT COLLATE "C",
    suspended_by TEXT COLLATE "C" NOT NULL,
    released_by TEXT COLLATE "C",
    version INTEGER NOT NULL,
    CONSTRAINT pk_customer_order PRIMARY KEY (reference)
);

CREATE TABLE invoice_detail (
    invoice_id BIGINT NOT NULL,
    name TEXT COLLATE "C",
    recipient TEXT COLLATE "C",
    due_days INTEGER,
    edition INTEGER NOT NULL,
    first_line INTEGER NOT NULL,
    copy_of_issuer TEXT COLLATE "C",
    copy_of_number TEXT COLLATE "C",
    execution TEXT COLLATE "C",
    reserved_until TIMESTAMP WITH TIME ZONE,
    request TEXT COLLATE "C",
    facility TEXT COLLATE "C",
    fulfilment TEXT COLLATE "C" NOT NULL,
    tracking TEXT COLLATE "C",
    series TEXT COLLATE "C",
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
    id TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    blocks TEXT COLLATE "C" NOT NULL,
    lines TEXT COLLATE "C" NOT NULL,
    cause TEXT COLLATE "C" NOT NULL,
    CONSTRAINT pk_offer PRIMARY KEY (id)
);

CREATE TABLE order_line (
    reference TEXT COLLATE "C" NOT NULL,
    position INTEGER NOT NULL,
    line_no TEXT COLLATE "C" NOT NULL,
    category TEXT COLLATE "C" NOT NULL,
    description TEXT COLLATE "C" NOT NULL,
    quantity BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    net BIGINT NOT NULL,
    tax BIGINT NOT NULL,
    item_code TEXT COLLATE "C",
    unit_price TEXT COLLATE "C" NOT NULL,
    tax_category TEXT COLLATE "C" NOT NULL,
    tax_rate TEXT COLLATE "C" NOT NULL,
    serialised BOOLEAN NOT NULL,
    invoiced BIGINT NOT NULL,
    CONSTRAINT pk_order_line PRIMARY KEY (reference, position)
);

CREATE TABLE rate (
    base TEXT COLLATE "C" NOT NULL,
    quote TEXT COLLATE "C" NOT NULL,
    day DATE NOT NULL,
    rate TEXT COLLATE "C" NOT NULL,
    cause TEXT COLLATE "C" NOT NULL,
    as_of TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_rate PRIMARY KEY (base, quote, day)
);

CREATE TABLE request (
    id TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    order_ref TEXT COLLATE "C" NOT NULL,
    type TEXT COLLATE "C" NOT NULL,
    invoice_issuer TEXT COLLATE "C" NOT NULL,
    invoice_number TEXT COLLATE "C" NOT NULL,
    content_hash TEXT COLLATE "C" NOT NULL,
    cause TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    executed_at TIMESTAMP WITH TIME ZONE,
    executed_without_payment BOOLEAN NOT NULL,
    discounted BOOLEAN NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT pk_request PRIMARY KEY (id)
);

CREATE TABLE serial (
    number TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    order_ref TEXT COLLATE "C" NOT NULL,
    line_no TEXT COLLATE "C" NOT NULL,
    invoice_issuer TEXT COLLATE "C" NOT NULL,
    invoice_number TEXT COLLATE "C" NOT NULL,
    cause TEXT COLLATE "C" NOT NULL,
    CONSTRAINT pk_serial PRIMARY KEY (number)
);

CREATE TABLE series (
    issuer TEXT COLLATE "C" NOT NULL,
    series TEXT COLLATE "C" NOT NULL,
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

UPDATE invoice SET wake_at = (due_date + 1)::timestamp AT TIME ZONE 'UTC' WHERE pending > 0;

DROP TRIGGER keep_invoice_update ON invoice;

DROP TRIGGER keep_source_update ON source;

DROP TRIGGER keep_allocation_update ON allocation;

DROP TRIGGER keep_memo_update ON memo;

CREATE TRIGGER keep_invoice_update BEFORE UPDATE OF id, issuer, number, account, currency, kind, order_ref, payment_reference, content_hash, cause ON invoice FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER keep_source_update BEFORE UPDATE OF id, account, type, reference, currency, amount, value_date, origin, origin_document, method, bank_reference, end_to_end_id, asserted_by_erp, content_hash, cause, accounting_currency, rate, carrying ON source FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER keep_allocation_update BEFORE UPDATE OF id, source_id, number, invoice_id, currency, amount, mode, posted_on, cause ON allocation FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER keep_memo_update BEFORE UPDATE OF id, issuer, number, doc_type, account, currency, amount, issued_on, invoice_id, reason_code, reason_text, dispute_id, reverses_issuer, reverses_number, content_hash, cause, carrying ON memo FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER keep_invoice_issued BEFORE UPDATE OF amount, issue_date, due_date, description, accounting_currency, rate, carrying ON invoice FOR EACH ROW WHEN (OLD.lifecycle NOT IN ('Draft', 'Sent')) EXECUTE FUNCTION refuse_change();

CREATE TRIGGER keep_allocation_posted BEFORE UPDATE OF carry, source_carry ON allocation FOR EACH ROW WHEN (OLD.state <> 'reserved') EXECUTE FUNCTION refuse_change();
