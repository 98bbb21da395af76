-- Accounts, invoices, money, disputes, messages and events, on PostgreSQL.
-- A blank line ends a statement. This step has been taken somewhere: never change it, add another.

CREATE SEQUENCE batch_seq;

CREATE TABLE account (
    party TEXT COLLATE "C" NOT NULL,
    party_class TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    parent TEXT COLLATE "C",
    address TEXT COLLATE "C" NOT NULL,
    tax_ids TEXT COLLATE "C" NOT NULL,
    selling_currency TEXT COLLATE "C" NOT NULL,
    accounting_currency TEXT COLLATE "C" NOT NULL,
    timezone TEXT COLLATE "C" NOT NULL,
    terms_approved BOOLEAN NOT NULL,
    terms_days INTEGER NOT NULL,
    credit_limit BIGINT,
    auto_allocate BOOLEAN NOT NULL,
    request_cancellation_days INTEGER,
    reminder_days INTEGER,
    suspension_days INTEGER,
    deletion_days INTEGER,
    money_back_days INTEGER,
    as_of TIMESTAMP WITH TIME ZONE,
    cause TEXT COLLATE "C" NOT NULL,
    CONSTRAINT pk_account PRIMARY KEY (party)
);

CREATE TABLE attempt (
    hash TEXT COLLATE "C" NOT NULL,
    attempts INTEGER NOT NULL,
    fingerprint TEXT COLLATE "C",
    last_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_attempt PRIMARY KEY (hash)
);

CREATE TABLE counter (
    name TEXT COLLATE "C" NOT NULL,
    value BIGINT NOT NULL,
    CONSTRAINT pk_counter PRIMARY KEY (name)
);

CREATE TABLE dead_letter (
    id TEXT COLLATE "C" NOT NULL,
    sender TEXT COLLATE "C" NOT NULL,
    message_id TEXT COLLATE "C" NOT NULL,
    type TEXT COLLATE "C" NOT NULL,
    hash TEXT COLLATE "C" NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    text TEXT COLLATE "C" NOT NULL,
    findings TEXT COLLATE "C" NOT NULL,
    business_keys TEXT COLLATE "C" NOT NULL,
    fingerprint TEXT COLLATE "C",
    traceback TEXT COLLATE "C",
    body BYTEA NOT NULL,
    headers TEXT COLLATE "C" NOT NULL,
    origin TEXT COLLATE "C" NOT NULL,
    first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
    last_seen TIMESTAMP WITH TIME ZONE NOT NULL,
    submissions INTEGER NOT NULL,
    events INTEGER NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C",
    acted_by TEXT COLLATE "C",
    acted_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_dead_letter PRIMARY KEY (id)
);

CREATE INDEX ix_dead_letter_code ON dead_letter (code);

CREATE INDEX ix_dead_letter_fingerprint ON dead_letter (fingerprint);

CREATE INDEX ix_dead_letter_message ON dead_letter (sender, message_id);

CREATE INDEX ix_dead_letter_state ON dead_letter (state, last_seen);

CREATE TABLE event (
    seq BIGINT NOT NULL,
    event_id TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    type TEXT COLLATE "C" NOT NULL,
    aggregate TEXT COLLATE "C" NOT NULL,
    aggregate_id TEXT COLLATE "C" NOT NULL,
    version INTEGER NOT NULL,
    cause TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C",
    body BYTEA NOT NULL,
    headers TEXT COLLATE "C" NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_event PRIMARY KEY (seq),
    CONSTRAINT uq_event_event_id UNIQUE (event_id),
    CONSTRAINT uq_event_aggregate_aggregate_id_version UNIQUE (aggregate, aggregate_id, version)
);

CREATE INDEX ix_event_cause ON event (cause);

CREATE TABLE invoice (
    id BIGINT NOT NULL,
    issuer TEXT COLLATE "C" NOT NULL,
    number TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    currency TEXT COLLATE "C" NOT NULL,
    amount BIGINT NOT NULL,
    issue_date DATE NOT NULL,
    due_date DATE NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    order_ref TEXT COLLATE "C",
    payment_reference TEXT COLLATE "C",
    description TEXT COLLATE "C",
    content_hash TEXT COLLATE "C" NOT NULL,
    cause TEXT COLLATE "C" NOT NULL,
    rate TEXT COLLATE "C",
    accounting_currency TEXT COLLATE "C",
    carrying BIGINT,
    lifecycle TEXT COLLATE "C" NOT NULL,
    auto_allocate BOOLEAN NOT NULL,
    debit_memos BIGINT NOT NULL,
    credits BIGINT NOT NULL,
    written_off BIGINT NOT NULL,
    settled BIGINT NOT NULL,
    settled_by_credit BIGINT NOT NULL,
    pending BIGINT NOT NULL,
    payable BIGINT NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    settlement_state TEXT COLLATE "C" NOT NULL,
    contested BOOLEAN NOT NULL,
    confirmation TEXT COLLATE "C" NOT NULL,
    closure_reason TEXT COLLATE "C",
    version INTEGER NOT NULL,
    CONSTRAINT pk_invoice PRIMARY KEY (id),
    CONSTRAINT uq_invoice_issuer_number UNIQUE (issuer, number)
);

CREATE INDEX ix_invoice_account_issue_date ON invoice (account, issue_date);

CREATE INDEX ix_invoice_open ON invoice (account, currency, issue_date, issuer, number) WHERE payable > 0 AND auto_allocate;

CREATE TABLE invoice_line (
    invoice_id BIGINT NOT NULL,
    position INTEGER NOT NULL,
    line_no TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    amount BIGINT NOT NULL,
    description TEXT COLLATE "C" NOT NULL,
    item_code TEXT COLLATE "C",
    quantity TEXT COLLATE "C" NOT NULL,
    unit TEXT COLLATE "C",
    unit_price TEXT COLLATE "C" NOT NULL,
    net BIGINT NOT NULL,
    tax_category TEXT COLLATE "C" NOT NULL,
    tax_rate TEXT COLLATE "C" NOT NULL,
    tax BIGINT NOT NULL,
    order_line TEXT COLLATE "C",
    CONSTRAINT pk_invoice_line PRIMARY KEY (invoice_id, position)
);

CREATE TABLE invoice_snapshot (
    invoice_id BIGINT NOT NULL,
    snapshot TEXT COLLATE "C" NOT NULL,
    CONSTRAINT pk_invoice_snapshot PRIMARY KEY (invoice_id)
);

CREATE TABLE message (
    id BIGINT NOT NULL,
    sender TEXT COLLATE "C" NOT NULL,
    message_id TEXT COLLATE "C" NOT NULL,
    type TEXT COLLATE "C" NOT NULL,
    hash TEXT COLLATE "C" NOT NULL,
    outcome TEXT COLLATE "C" NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    body BYTEA NOT NULL,
    headers TEXT COLLATE "C" NOT NULL,
    duplicates INTEGER NOT NULL,
    events INTEGER NOT NULL,
    duplicate_of TEXT COLLATE "C",
    accounts TEXT COLLATE "C" NOT NULL,
    origin TEXT COLLATE "C" NOT NULL,
    CONSTRAINT pk_message PRIMARY KEY (id)
);

CREATE INDEX ix_message_received_at ON message (received_at);

CREATE UNIQUE INDEX uq_message_sender_message_id ON message (sender, message_id) WHERE outcome IN ('accepted', 'parked', 'duplicate');

CREATE INDEX ix_message_refused ON message (sender, message_id) WHERE outcome = 'rejected';

CREATE TABLE notice (
    kind TEXT COLLATE "C" NOT NULL,
    party TEXT COLLATE "C" NOT NULL,
    notice_id TEXT COLLATE "C" NOT NULL,
    content_hash TEXT COLLATE "C" NOT NULL,
    cause TEXT COLLATE "C" NOT NULL,
    CONSTRAINT pk_notice PRIMARY KEY (kind, party, notice_id)
);

CREATE TABLE outbox (
    seq BIGINT NOT NULL,
    attempts INTEGER DEFAULT '0' NOT NULL,
    last_error TEXT COLLATE "C",
    since TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    claimed_until TIMESTAMP WITH TIME ZONE,
    next_try TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_outbox PRIMARY KEY (seq)
);

CREATE TABLE sender (
    name TEXT COLLATE "C" NOT NULL,
    party TEXT COLLATE "C" NOT NULL,
    role TEXT COLLATE "C" NOT NULL,
    receipts BOOLEAN NOT NULL,
    active BOOLEAN NOT NULL,
    CONSTRAINT pk_sender PRIMARY KEY (name)
);

CREATE TABLE source (
    id BIGINT NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    type TEXT COLLATE "C" NOT NULL,
    reference TEXT COLLATE "C" NOT NULL,
    currency TEXT COLLATE "C" NOT NULL,
    amount BIGINT NOT NULL,
    value_date DATE NOT NULL,
    origin TEXT COLLATE "C" NOT NULL,
    origin_document TEXT COLLATE "C",
    method TEXT COLLATE "C",
    bank_reference TEXT COLLATE "C",
    end_to_end_id TEXT COLLATE "C",
    asserted_by_erp BOOLEAN NOT NULL,
    content_hash TEXT COLLATE "C" NOT NULL,
    cause TEXT COLLATE "C" NOT NULL,
    carrying BIGINT,
    funds_state TEXT COLLATE "C" NOT NULL,
    allocated BIGINT NOT NULL,
    reserved BIGINT NOT NULL,
    refunded BIGINT NOT NULL,
    charged_back BIGINT NOT NULL,
    remaining BIGINT NOT NULL,
    allocations INTEGER NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT pk_source PRIMARY KEY (id),
    CONSTRAINT uq_source_account_type_reference UNIQUE (account, type, reference),
    CONSTRAINT uq_source_account_bank_reference UNIQUE (account, bank_reference)
);

CREATE INDEX ix_source_end_to_end ON source (account, end_to_end_id);

CREATE INDEX ix_source_idle ON source (account) WHERE remaining > 0;

CREATE TABLE allocation (
    id BIGINT NOT NULL,
    source_id BIGINT NOT NULL,
    number INTEGER NOT NULL,
    invoice_id BIGINT NOT NULL,
    currency TEXT COLLATE "C" NOT NULL,
    amount BIGINT NOT NULL,
    mode TEXT COLLATE "C" NOT NULL,
    posted_on DATE NOT NULL,
    cause TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT pk_allocation PRIMARY KEY (id),
    CONSTRAINT uq_allocation_source_id_number UNIQUE (source_id, number),
    CONSTRAINT fk_allocation_source_id FOREIGN KEY(source_id) REFERENCES source (id),
    CONSTRAINT fk_allocation_invoice_id FOREIGN KEY(invoice_id) REFERENCES invoice (id)
);

CREATE INDEX ix_allocation_invoice ON allocation (invoice_id);

CREATE TABLE dispute (
    id TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    invoice_id BIGINT NOT NULL,
    line_no TEXT COLLATE "C" NOT NULL,
    notice_id TEXT COLLATE "C" NOT NULL,
    currency TEXT COLLATE "C" NOT NULL,
    reason_code TEXT COLLATE "C" NOT NULL,
    requested_action TEXT COLLATE "C" NOT NULL,
    raised_by TEXT COLLATE "C" NOT NULL,
    raiser TEXT COLLATE "C" NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    reopens TEXT COLLATE "C",
    cause TEXT COLLATE "C" NOT NULL,
    amount BIGINT NOT NULL,
    reason_text TEXT COLLATE "C",
    evidence TEXT COLLATE "C",
    joined BOOLEAN NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    closed_at TIMESTAMP WITH TIME ZONE,
    memo TEXT COLLATE "C",
    version INTEGER NOT NULL,
    CONSTRAINT pk_dispute PRIMARY KEY (id),
    CONSTRAINT fk_dispute_invoice_id FOREIGN KEY(invoice_id) REFERENCES invoice (id)
);

CREATE INDEX ix_dispute_invoice ON dispute (invoice_id);

CREATE UNIQUE INDEX uq_dispute_open ON dispute (invoice_id, line_no) WHERE state = 'open';

CREATE TABLE line_state (
    invoice_id BIGINT NOT NULL,
    position INTEGER NOT NULL,
    credited BIGINT NOT NULL,
    excess BIGINT NOT NULL,
    written_off BIGINT NOT NULL,
    settled BIGINT NOT NULL,
    disputed BIGINT NOT NULL,
    customer TEXT COLLATE "C" NOT NULL,
    customer_shadow TEXT COLLATE "C" NOT NULL,
    enterprise TEXT COLLATE "C" NOT NULL,
    enterprise_shadow TEXT COLLATE "C" NOT NULL,
    receipt_manual BOOLEAN NOT NULL,
    CONSTRAINT pk_line_state PRIMARY KEY (invoice_id, position),
    CONSTRAINT fk_line_state_invoice_id FOREIGN KEY(invoice_id) REFERENCES invoice (id)
);

CREATE TABLE memo (
    id BIGINT NOT NULL,
    issuer TEXT COLLATE "C" NOT NULL,
    number TEXT COLLATE "C" NOT NULL,
    doc_type TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    currency TEXT COLLATE "C" NOT NULL,
    amount BIGINT NOT NULL,
    issued_on DATE NOT NULL,
    invoice_id BIGINT,
    reason_code TEXT COLLATE "C",
    reason_text TEXT COLLATE "C",
    dispute_id TEXT COLLATE "C",
    reverses_issuer TEXT COLLATE "C",
    reverses_number TEXT COLLATE "C",
    content_hash TEXT COLLATE "C" NOT NULL,
    cause TEXT COLLATE "C" NOT NULL,
    carrying BIGINT,
    reversed_by TEXT COLLATE "C",
    applied BIGINT NOT NULL,
    open_credit BIGINT NOT NULL,
    refunded BIGINT NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT pk_memo PRIMARY KEY (id),
    CONSTRAINT uq_memo_issuer_number UNIQUE (issuer, number),
    CONSTRAINT fk_memo_invoice_id FOREIGN KEY(invoice_id) REFERENCES invoice (id)
);

CREATE INDEX ix_memo_invoice ON memo (invoice_id);

CREATE TABLE pair (
    source_id BIGINT NOT NULL,
    invoice_id BIGINT NOT NULL,
    blocked BOOLEAN NOT NULL,
    CONSTRAINT pk_pair PRIMARY KEY (source_id, invoice_id),
    CONSTRAINT fk_pair_source_id FOREIGN KEY(source_id) REFERENCES source (id),
    CONSTRAINT fk_pair_invoice_id FOREIGN KEY(invoice_id) REFERENCES invoice (id)
);

CREATE TABLE parked (
    message BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    deadline TIMESTAMP WITH TIME ZONE NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    text TEXT COLLATE "C" NOT NULL,
    CONSTRAINT pk_parked PRIMARY KEY (message),
    CONSTRAINT fk_parked_message FOREIGN KEY(message) REFERENCES message (id)
);

CREATE INDEX ix_parked_deadline ON parked (deadline);

CREATE INDEX ix_parked_kind_key ON parked (kind, key);

CREATE TABLE reversal (
    id BIGINT NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    reference TEXT COLLATE "C" NOT NULL,
    source_id BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    currency TEXT COLLATE "C" NOT NULL,
    amount BIGINT NOT NULL,
    reversed_on DATE NOT NULL,
    reason_code TEXT COLLATE "C",
    reason_text TEXT COLLATE "C",
    content_hash TEXT COLLATE "C" NOT NULL,
    cause TEXT COLLATE "C" NOT NULL,
    CONSTRAINT pk_reversal PRIMARY KEY (id),
    CONSTRAINT uq_reversal_account_reference UNIQUE (account, reference),
    CONSTRAINT fk_reversal_source_id FOREIGN KEY(source_id) REFERENCES source (id)
);

CREATE INDEX ix_reversal_source ON reversal (source_id);

CREATE TABLE source_intent (
    source_id BIGINT NOT NULL,
    position INTEGER NOT NULL,
    issuer TEXT COLLATE "C" NOT NULL,
    number TEXT COLLATE "C" NOT NULL,
    amount BIGINT,
    waiting BOOLEAN NOT NULL,
    CONSTRAINT pk_source_intent PRIMARY KEY (source_id, position),
    CONSTRAINT fk_source_intent_source_id FOREIGN KEY(source_id) REFERENCES source (id)
);

CREATE INDEX ix_source_intent_waiting ON source_intent (issuer, number) WHERE waiting;

CREATE TABLE allocation_part (
    allocation_id BIGINT NOT NULL,
    position INTEGER NOT NULL,
    line_no TEXT COLLATE "C" NOT NULL,
    amount BIGINT NOT NULL,
    CONSTRAINT pk_allocation_part PRIMARY KEY (allocation_id, position),
    CONSTRAINT fk_allocation_part_allocation_id FOREIGN KEY(allocation_id) REFERENCES allocation (id)
);

CREATE TABLE allocation_removal (
    allocation_id BIGINT NOT NULL,
    reason TEXT COLLATE "C",
    removed_on DATE,
    removed_by TEXT COLLATE "C",
    CONSTRAINT pk_allocation_removal PRIMARY KEY (allocation_id),
    CONSTRAINT fk_allocation_removal_allocation_id FOREIGN KEY(allocation_id) REFERENCES allocation (id)
);

CREATE TABLE memo_part (
    memo_id BIGINT NOT NULL,
    position INTEGER NOT NULL,
    line_no TEXT COLLATE "C" NOT NULL,
    amount BIGINT NOT NULL,
    applied BIGINT NOT NULL,
    excess BIGINT NOT NULL,
    CONSTRAINT pk_memo_part PRIMARY KEY (memo_id, position),
    CONSTRAINT fk_memo_part_memo_id FOREIGN KEY(memo_id) REFERENCES memo (id)
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % refused: what was posted stays as it was posted', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER keep_invoice_line_update BEFORE UPDATE ON invoice_line FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER keep_invoice_line_delete BEFORE DELETE ON invoice_line FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER keep_invoice_snapshot_update BEFORE UPDATE ON invoice_snapshot FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER keep_invoice_snapshot_delete BEFORE DELETE ON invoice_snapshot FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER keep_allocation_part_update BEFORE UPDATE ON allocation_part FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER keep_allocation_part_delete BEFORE DELETE ON allocation_part FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER keep_allocation_removal_update BEFORE UPDATE ON allocation_removal FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER keep_allocation_removal_delete BEFORE DELETE ON allocation_removal FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER keep_memo_part_update BEFORE UPDATE ON memo_part FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER keep_memo_part_delete BEFORE DELETE ON memo_part FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER keep_reversal_update BEFORE UPDATE ON reversal FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER keep_reversal_delete BEFORE DELETE ON reversal FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER keep_event_update BEFORE UPDATE ON event FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER keep_event_delete BEFORE DELETE ON event FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER keep_invoice_update BEFORE UPDATE OF id, issuer, number, account, currency, amount, issue_date, due_date, kind, order_ref, payment_reference, description, content_hash, cause ON invoice FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER keep_invoice_delete BEFORE DELETE ON invoice FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER keep_source_update BEFORE UPDATE OF id, account, type, reference, currency, amount, value_date, origin, origin_document, method, bank_reference, end_to_end_id, asserted_by_erp, content_hash, cause ON source FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER keep_source_delete BEFORE DELETE ON source FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER keep_allocation_update BEFORE UPDATE OF id, source_id, number, invoice_id, currency, amount, mode, posted_on, cause ON allocation FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER keep_allocation_delete BEFORE DELETE ON allocation FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER keep_memo_update BEFORE UPDATE OF id, issuer, number, doc_type, account, currency, amount, issued_on, invoice_id, reason_code, reason_text, dispute_id, reverses_issuer, reverses_number, content_hash, cause ON memo FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER keep_memo_delete BEFORE DELETE ON memo FOR EACH ROW EXECUTE FUNCTION refuse_change();
