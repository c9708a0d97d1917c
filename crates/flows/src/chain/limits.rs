//! Limits of chains, each with its reason.

use std::time::Duration;

/// Longest definition, in bytes of JSON: a hundred steps with a card each.
pub const MAX_DEFINITION_BYTES: usize = 128 * 1024;

/// Most bytes of a definition and of all chains that it starts: each execution carries them.
pub const MAX_PINNED_BYTES: usize = 256 * 1024;

/// Most steps of a chain, those of parallel steps among them. Each step of the flow writes the state of all.
pub const MAX_STEPS: usize = 100;

/// Most steps of one parallel step: they are admitted in one commit.
pub const MAX_PARALLEL_STEPS: usize = 20;

/// Most branches of a step.
pub const MAX_BRANCHES: usize = 20;

/// Deepest chains within chains, the outermost counted.
pub const MAX_CHAIN_DEPTH: usize = 5;

/// Most executions that one may lead to, with those that its chains start: each carries the action that started the first.
pub const MAX_EXECUTIONS: u64 = 1000;

/// Bytes of actions and bodies that one commit of a parallel step asks for before the next goes on. The last of them may be beyond it.
pub const MAX_ASKED_BYTES: usize = 4 * 1024 * 1024;

/// Longest name of a step or a signal, in bytes. A step's is part of the ids of its actions.
pub const MAX_STEP_NAME_BYTES: usize = 40;

/// Longest id that a chain may be started with, in bytes: those of the chains within it begin with it.
pub const MAX_START_ID_BYTES: usize = 48;

/// Longest id of an execution, in bytes. With a step and the number of an attempt it is the id of an action.
pub(super) const MAX_CHAIN_ID_BYTES: usize = 83;

/// Longest time that anything in a chain may wait, and that a chain may take: a month, and some days for those who come back late.
pub const MAX_TIMEOUT: Duration = Duration::from_hours(24 * 40);

/// Time that a chain may take where its definition does not say. Every chain ends.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_hours(24);

/// Most retries of a step, beside those that the gateway makes of each attempt.
pub const MAX_RETRIES: u32 = 10;

/// Longest pause before a retry, whatever the strategy comes to.
pub const MAX_BACKOFF: Duration = Duration::from_hours(1);

/// Longest body of a step that is kept, in bytes. What is longer is dropped, with a mark.
pub const MAX_RESULT_BYTES: usize = 16 * 1024;

/// Most bytes of bodies of all steps of an execution that are kept.
pub const MAX_RESULTS_BYTES: usize = 256 * 1024;

/// Most steps of a chain that wait for a signal. As many may come before their steps, and are kept until then.
pub const MAX_SIGNALS: usize = 32;

/// Longest payload of a signal, in bytes. It becomes the body of its step.
pub const MAX_SIGNAL_BYTES: usize = MAX_RESULT_BYTES;

/// Most resets of an execution that are remembered, the latest: their keys answer requests that come again.
pub const MAX_RESETS: usize = 20;

/// Most executions of which each does the next over: all of them are looked at before another one begins.
pub const MAX_RESET_DEPTH: usize = 100;

/// Longest key of a reset, in bytes.
pub const MAX_RESET_KEY_BYTES: usize = 256;

/// Most attributes of an execution.
pub const MAX_ATTRIBUTES: usize = 50;

/// Most bytes of an execution's attributes, names and texts together.
pub const MAX_ATTRIBUTES_BYTES: usize = 8 * 1024;

/// Most problems of one definition that are told. The rest are counted.
pub const MAX_PROBLEMS: usize = 100;
