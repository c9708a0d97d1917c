//! Every limit on what comes from outside, each with its reason.

mod later;

use std::time::Duration;

pub use later::*;

/// Most attachments of one action, as the wire format has it. Together they share the body's limit.
pub const MAX_ATTACHMENTS: usize = 10;

/// Largest request body. Ten times the largest useful message, and room for a picture or two beside it.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

/// Most faults of one request that are told one by one. The rest are counted.
pub const MAX_FAULTS: usize = 20;

/// Longest text about one fault, in bytes: what a caller sent may stand in it.
pub const MAX_FAULT_BYTES: usize = 256;

/// Largest body of a refusal. A caller must not get more out of a mistake than was sent.
pub const MAX_REFUSAL_BYTES: usize = 64 * 1024;

/// Largest text that is read on a thread of the runtime. A longer one would hold up everybody's answers for milliseconds.
pub const MAX_INLINE_BYTES: usize = 64 * 1024;

/// Most bytes of request bodies that are being received or read, over all connections.
pub const MAX_BODIES_BYTES: usize = 64 * 1024 * 1024;

/// Bytes of a body that nobody has to ask room for: ordinary actions are not held up by large ones.
pub const SMALL_BODY_BYTES: usize = 4 * 1024;

/// Age at which a body that is still on its way gives its room to another. Ordinary ones take milliseconds.
pub const SLOW_BODY: Duration = Duration::from_secs(1);

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

/// Longest cron expression, in bytes: one that writes out every minute and every hour is shorter.
pub const MAX_CRON_BYTES: usize = 256;

/// Most actions of one lane that wait in memory. The rest wait in the store, where waiting costs nothing.
pub const MAX_LANE_WAITING: usize = 1000;

/// Actions of high priority of a lane that wait in memory beside those: what comes first must not wait in the store for what comes after it.
pub const MORE_HIGH_WAITING: usize = 250;

/// Most bytes of actions that wait in memory, over all lanes, with their requests. The rest wait in the store.
pub const MAX_WAITING_BYTES: usize = 64 * 1024 * 1024;

/// Bytes of actions that may wait in memory for each lane, whatever waits for the others: some hundred ordinary ones.
pub const LANE_WAITING_BYTES: usize = 1024 * 1024;

/// Most actions of callers' batches that wait for a commit at a time: enough to fill commits, few enough that who sends one action does not wait
/// behind eight thousand.
pub const MAX_BATCH_ADMITTING: usize = 128;

/// Most items that wait for a commit. Four batches; beyond it the store is too slow and callers get 503.
pub const MAX_COMMIT_QUEUE: usize = 8192;

/// Most actions with known ids that are looked at, whole, at a time: each has up to 2 MB.
pub const MAX_KNOWN_LOOKS: usize = 2;

/// Most bytes of repeats that wait for such a look. Beyond it callers get 503.
pub const MAX_KNOWN_WAITING_BYTES: usize = 32 * 1024 * 1024;

/// Most dry runs that ask the store at a time: its connections for callers serve their lists and look-ups as well.
pub const MAX_DRY_RUNS: usize = 2;

/// Most items of one batch that wait for their turn to be judged in a dry run: other callers' dry runs come in between.
pub const MAX_DRY_RUNS_OF_A_BATCH: usize = 4;

/// Most bytes that wait for a commit. Beyond it callers get 503; one action alone always fits.
pub const MAX_COMMIT_QUEUE_BYTES: usize = 32 * 1024 * 1024;

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

/// Most bytes of a body that are read and thrown away behind its refusal. Many programs write all of it before they read an answer, and would only
/// see that the connection was cut.
pub const MAX_UNREAD_BYTES: usize = 16 * 1024 * 1024;

/// Longest that reading and throwing away a refused body may take.
pub const UNREAD_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a client that shut its side while a body is on its way is waited with: the body may be whole, and only not be read yet.
pub const HALF_CLOSED_BODY: Duration = Duration::from_millis(100);

/// How long a client that shut its side is waited with for what it looks up. Programs shut it that have nothing more to send, and so does the
/// system for those that left.
pub const HALF_CLOSED_LOOK: Duration = Duration::from_secs(5);

/// How long a client that shut its side is waited with while it changes something: longer than
/// anybody may ask to wait.
pub const HALF_CLOSED_CHANGE: Duration = Duration::from_secs(65);

/// Most connections at a time, files permitting. Each costs some kilobytes and a file handle. Beyond it the one that is idle the longest is closed.
pub const MAX_CONNECTIONS: usize = 10_000;

/// Connections beyond [`MAX_CONNECTIONS`] that are taken where nobody is idle. They get health and metrics, and nothing else.
pub const RESERVED_CONNECTIONS: usize = 64;

/// Files that are left to the database, its readers, calls of providers and files of rules, whatever callers do.
pub const RESERVED_FILES: usize = 256;

/// Longest head of a request, in bytes. Ordinary ones have less than a kilobyte.
pub const MAX_HEAD_BYTES: usize = 64 * 1024;

/// Bytes of a head that nobody has to ask room for.
pub const SMALL_HEAD_BYTES: usize = 8 * 1024;

/// Most bytes of long heads, over all connections.
pub const MAX_HEADS_BYTES: usize = 32 * 1024 * 1024;

/// Longest that a client may take to read [`WRITE_STEP_BYTES`] of an answer. Who does not read holds a connection and what is written to it.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes that a client must read of an answer within [`WRITE_TIMEOUT`].
pub const WRITE_STEP_BYTES: usize = 64 * 1024;

/// Most bytes of answers that wait to be read by their callers, over all connections.
pub const MAX_ANSWERS_BYTES: usize = 64 * 1024 * 1024;

/// Bytes of an answer that nobody has to ask room for.
pub const SMALL_ANSWER_BYTES: usize = 8 * 1024;

/// Age at which an answer that is still being read gives its room to another.
pub const SLOW_READER: Duration = Duration::from_secs(5);

/// Most rows on one page of a list.
pub const MAX_PAGE: usize = 1000;

/// Most bytes on one page of a list, but for its last row. The next page goes on from there.
pub const MAX_PAGE_BYTES: usize = 4 * 1024 * 1024;

/// Most lists and records that are read and written out at a time; each holds a page. The others wait their turn.
pub const MAX_READS: usize = 4;

/// Most requests at a time that replay earlier actions. Each holds the action that it found.
pub const MAX_REPLAYS: usize = 32;

/// Most bytes that a provider's budgets keep of those to whom it sent: a hundred thousand members of whom each got a message within the hour take
/// half of it.
pub const MAX_RECIPIENTS_BYTES: usize = 64 * 1024 * 1024;

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

/// Longest pattern of a regular expression, in bytes: a list of a hundred host names. What it costs is bounded by what it compiles to.
pub const MAX_PATTERN_BYTES: usize = 4096;

/// Largest compiled regular expression, in bytes. A word character of every script takes 60 KiB, and people write three or four.
pub const MAX_PATTERN_PROGRAM_BYTES: usize = 1024 * 1024;

/// Most bytes that the automaton of a pattern keeps between searches. One that fills it several times over gives up.
pub const MAX_PATTERN_CACHE_BYTES: usize = 128 * 1024;

/// Most steps, each a byte of text met by a state of a pattern, of the searches in one decision that no automaton can make:
/// some twenty milliseconds.
pub const MAX_PATTERN_STEPS: u64 = 4_000_000;

/// Most bytes that the automata of patterns search in one decision: some sixty milliseconds. A thousand of the longest texts.
pub const MAX_SEARCHED_BYTES: u64 = 64 * 1024 * 1024;

/// Longest source of one template, and of all templates in one payload together, in bytes.
pub const MAX_TEMPLATE_BYTES: usize = 512 * 1024;

/// Most strings of one payload that are templates. Each costs microseconds, however short it is.
pub const MAX_TEMPLATE_STRINGS: usize = 1000;

/// Most words and signs of one tag of a template. Each may be a level of its tree, and what walks trees recurses.
pub const MAX_TEMPLATE_TAG_TOKENS: usize = 1000;

/// Most branches with `elif` of one template, each of which stands within the one before.
pub const MAX_TEMPLATE_ELIFS: usize = 100;

/// Most work of one rendering, over all its templates: instructions, and a step for each 64 bytes that are built. Some milliseconds.
pub const MAX_TEMPLATE_FUEL: u64 = 100_000;

/// Longest text that one rendering may come to, in bytes. It becomes part of an action, which is as large at most.
pub const MAX_RENDERED_BYTES: usize = 1024 * 1024;

/// Deepest recursion of a loop within a template, and deepest nesting of a value that a template gives.
pub const MAX_TEMPLATE_DEPTH: usize = 64;

/// Most dead letters that are counted by provider and code, the newest of them.
pub const MAX_COUNTED_LETTERS: usize = 100_000;

/// Most names from outside that metrics tell apart, of each kind: providers, lanes. The others are shown as one.
pub const MAX_METRIC_NAMES: usize = 200;

/// Most pairs of a provider and a rule that metrics tell apart.
pub const MAX_METRIC_RULES: usize = 500;

/// Most silences of one namespace and tenant that no value leads to, since none of their matchers says what a label or a field must be: each
/// action is held against all of them.
pub const MAX_UNFILED_SILENCES: usize = 200;

/// Compiled patterns of all silences together, in bytes. Equal patterns are compiled once.
pub const MAX_PATTERNS_BYTES: usize = 64 * 1024 * 1024;

/// What of a label a pattern looks at, in bytes.
pub const MAX_MATCHED_LABEL_BYTES: usize = 8 * 1024;

/// What of any other field a pattern or `contains` looks at, in bytes.
pub const MAX_MATCHED_FIELD_BYTES: usize = 64 * 1024;

/// What of the journal one preview reads, in bytes of payloads.
pub const MAX_PREVIEW_BYTES: usize = 16 * 1024 * 1024;

/// Evaluations, previews and searches that run at a time, on threads of their own.
pub const MAX_ASIDE: usize = 2;

/// Most callers who wait for one of those; beyond it callers get 503. Each holds a request's body.
pub const MAX_ASIDE_WAITING: usize = 16;

/// Most ranges of a time interval.
pub const MAX_TIME_RANGES: usize = 64;

/// Most calendars of a configuration.
pub const MAX_CALENDARS: usize = 64;

/// Most days of a calendar that differ from the ordinary week: of one country, those of two centuries.
pub const MAX_CALENDAR_DAYS: usize = 10_000;

/// Longest iCalendar file, in bytes. Those of public holidays have some ten thousand.
pub const MAX_CALENDAR_FILE_BYTES: usize = 1024 * 1024;

/// How long before a calendar's last day that is told. The next year's holidays of China are announced some eight weeks before it begins.
pub const CALENDAR_NOTICE: Duration = Duration::from_hours(60 * 24);

/// Most matchers of a silence.
pub const MAX_MATCHERS: usize = 32;

/// Most rows that one page of a list looks at. A filter that finds little then gives a short page and a cursor instead of a long wait.
pub const MAX_LOOK: usize = 10_000;

/// Longest text that a search looks for, in bytes.
pub const MAX_SOUGHT_BYTES: usize = 256;

/// What of the journal one search reads, in bytes of payloads and requests.
pub const MAX_SEARCH_BYTES: usize = 16 * 1024 * 1024;

/// How long one search reads on. What it began to read then comes within the time of a look.
pub const SEARCH_TIME: Duration = Duration::from_secs(3);

/// Most looks of so many rows for one count.
pub const MAX_LOOKS: usize = 20;

/// Most matches that an offset may pass over. Cursors have no such limit.
pub const MAX_OFFSET: usize = 5_000;

/// Most rows that one step of retention looks at: a commit of a few milliseconds.
pub const MAX_PRUNE_BATCH: usize = 500;

/// How long events are kept for those who follow them: a reader that was away for a night misses none.
pub const EVENTS_KEPT: Duration = Duration::from_hours(24);

/// Most events that one step of housekeeping deletes: narrow rows, and a commit of a few milliseconds. On PostgreSQL a row has what one statement
/// ended; the step ends with the row that reaches the bound, and looks at no more rows than this.
pub const MAX_PRUNED_EVENTS: usize = 2000;

/// Most events of one look at them.
pub const MAX_EVENTS: usize = 256;

/// Most bytes of outcomes of one look at events, but for its last.
pub const MAX_EVENTS_BYTES: usize = 1024 * 1024;

/// Most events that wait for a reader of the stream. One that leaves more unread is cut off, and goes on from its last id.
pub const MAX_STREAM_WAITING: usize = 512;

/// Most bytes of events that wait for a reader of the stream, but for the first of them.
pub const MAX_STREAM_WAITING_BYTES: usize = 1024 * 1024;

/// Most actions that are read at once to tell what of their events is hidden.
pub const MAX_EVENT_RECORDS: usize = 16;

/// Most readers of the stream. Each is a connection and the events that wait for it.
pub const MAX_STREAMS: usize = 256;

/// Most readers of the stream that read what they missed at a time: the store's connections for callers serve others as well.
pub const MAX_STREAM_LOOKS: usize = 2;

/// Most readers of the stream with one API key: half, so that others find room.
pub const MAX_STREAMS_OF_KEY: usize = MAX_STREAMS / 2;

/// Most readers of the stream with one API key that ask for the same tenant.
pub const MAX_STREAMS_OF_TENANT: usize = 10;

/// How often a reader of the stream to whom nothing is told gets a line all the same: proxies cut connections that are quiet for a minute.
pub const STREAM_PING: Duration = Duration::from_secs(15);

/// Most rows that one step of a sweep deletes: a commit of a few milliseconds.
pub const MAX_SWEEP_ROWS: usize = 1000;

/// Most definitions of chains. They are checked together, since chains start chains.
pub const MAX_CHAINS: usize = 1000;

/// Most bytes that all definitions of chains take together.
pub const MAX_CHAINS_BYTES: usize = 16 * 1024 * 1024;

/// Most documents of a kind, such as silences: every gateway keeps them in memory.
pub const MAX_DOCUMENTS: usize = 100_000;

/// Longest document, in bytes of JSON: a silence of 32 matchers, a quota with its labels.
pub const MAX_DOCUMENT_BYTES: usize = 16 * 1024;

/// Most bytes that the documents of a kind take together.
pub const MAX_DOCUMENTS_BYTES: usize = 128 * 1024 * 1024;

/// Most templates of one namespace and tenant, and most profiles.
pub const MAX_TEMPLATES: usize = 500;

/// Most bytes that all templates take together, and all profiles: compiled they take several times as much.
pub const MAX_TEMPLATES_BYTES: usize = 32 * 1024 * 1024;

/// Most fields of a profile.
pub const MAX_PROFILE_FIELDS: usize = 64;

/// Most people of a file, and most that the API makes: every gateway keeps them in memory.
pub const MAX_PEOPLE: usize = 10_000;

/// Most groups of people of a file, and most that the API makes.
pub const MAX_PEOPLE_GROUPS: usize = 1000;

/// Most people in a group.
pub const MAX_GROUP_MEMBERS: usize = 1000;

/// Longest id of a person or of a group of people, in bytes: that of a userid of WeChat Work.
pub const MAX_PERSON_ID_BYTES: usize = 64;

/// Longest e-mail address, in bytes: what fits into a path of SMTP (RFC 5321).
pub const MAX_EMAIL_BYTES: usize = 254;

/// Largest file of people and groups, in bytes: all people with everything that may be known of them, and all groups of a hundred.
pub const MAX_PEOPLE_FILE_BYTES: usize = 16 * 1024 * 1024;

/// Most labels of a document. They are for people, and compared with nothing.
pub const MAX_DOCUMENT_LABELS: usize = 64;

/// Longest text of a document that is for people, such as a comment or a label, in bytes.
pub const MAX_DOCUMENT_TEXT_BYTES: usize = 4096;

/// Longest pause that a service may ask for with `Retry-After`. One that asks for a day is looked at again before.
pub const MAX_RETRY_AFTER: Duration = Duration::from_hours(1);
