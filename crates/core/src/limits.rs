//! Every limit on what comes from outside, each with its reason.

use std::time::Duration;

/// Largest request body. Ten times the largest useful message; attachments are not taken yet.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

/// Most actions in one batch, as the wire format has it. A batch shares the body limit.
pub const MAX_BATCH: usize = 1000;

/// Longest id, name or type, in bytes. Longer ones are mistakes, and would be index keys.
pub const MAX_NAME_BYTES: usize = 128;

/// Most metadata labels of one action. Alerts carry a dozen; each is matched by rules and kept.
pub const MAX_LABELS: usize = 64;

/// Longest label value or optional text field of the envelope, in bytes.
pub const MAX_LABEL_BYTES: usize = 4096;

/// Deepest nesting of an envelope's JSON. Readers further on may recurse; real payloads nest three or four deep.
pub const MAX_DEPTH: usize = 64;

/// Longest a caller may ask to wait with `Prefer: wait=N`. Proxies cut connections at a minute.
pub const MAX_WAIT: Duration = Duration::from_mins(1);

/// How long a dispatch waits for its outcome when the caller does not say.
pub const DEFAULT_WAIT: Duration = Duration::from_secs(5);

/// Most open actions in the store. Beyond it callers get 503: accepting without being able to deliver is no kindness.
pub const DEFAULT_MAX_OPEN: usize = 100_000;

/// Most actions of one lane that wait in memory. The rest wait in the store, where waiting costs nothing.
pub const MAX_LANE_WAITING: usize = 1000;

/// Most items that wait for a commit. Four batches; beyond it the store is too slow and callers get 503.
pub const MAX_COMMIT_QUEUE: usize = 8192;

/// Most items in one commit: long enough to share the sync, short enough that nobody waits for strangers.
pub const MAX_COMMIT_BATCH: usize = 2048;

/// Most attempts listed with an action. Older ones in the middle are dropped and counted.
pub const MAX_LISTED_ATTEMPTS: usize = 32;

/// Take-overs after which an action is a dead letter: it may be what kills its owners.
pub const MAX_TAKEOVERS: u32 = 3;

/// Longest error text that is kept or shown, in bytes.
pub const MAX_ERROR_BYTES: usize = 1024;

/// Largest answer read from a provider. Beyond it the answer is cut and counts as unreadable.
pub const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// Longest a client may take to send its request head. Slow ones hold a connection each.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(5);

/// Longest a client may take to send its body.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Most connections at a time. Each costs a few kilobytes and a file handle.
pub const MAX_CONNECTIONS: usize = 10_000;

/// Most rows on one page of a list.
pub const MAX_PAGE: usize = 1000;

/// Longest rules file, in bytes: twenty thousand ordinary rules.
pub const MAX_RULES_FILE_BYTES: usize = 16 * 1024 * 1024;

/// Deepest nesting of a condition, as predicates or as CEL. People write three or four; evaluation recurses.
pub const MAX_CONDITION_DEPTH: usize = 16;

/// Longest CEL expression, in bytes.
pub const MAX_EXPRESSION_BYTES: usize = 8 * 1024;

/// Most steps of one evaluation. A comprehension over a long list is what uses them up; a plain condition takes a dozen.
pub const MAX_STEPS: u32 = 10_000;

/// Most bytes that one evaluation may build, in texts and lists.
pub const MAX_BUILT_BYTES: usize = 256 * 1024;

/// Longest pattern of a regular expression, in bytes.
pub const MAX_PATTERN_BYTES: usize = 256;

/// Largest compiled regular expression, in bytes.
pub const MAX_PATTERN_PROGRAM_BYTES: usize = 64 * 1024;

/// Most ranges of a time interval.
pub const MAX_TIME_RANGES: usize = 64;

/// Most matchers of a silence.
pub const MAX_MATCHERS: usize = 32;

/// Most rows that one page of a list looks at. A filter that finds little then gives a short page and a cursor instead of a long wait.
pub const MAX_LOOK: usize = 10_000;

/// Most looks of so many rows for one count.
pub const MAX_LOOKS: usize = 20;

/// Most matches that an offset may pass over. Cursors have no such limit.
pub const MAX_OFFSET: usize = 5_000;

/// Most rows that one step of retention looks at: a commit of a few milliseconds.
pub const MAX_PRUNE_BATCH: usize = 500;

/// Most documents of a kind, such as silences: every gateway keeps them in memory, and looks through those of a namespace.
pub const MAX_DOCUMENTS: usize = 10_000;
