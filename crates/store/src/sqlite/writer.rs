//! The thread that writes. Everything that waits shares one transaction and one sync.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;

use acteon_core::Timestamp;
use acteon_core::limits::MAX_COMMIT_QUEUE;
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::checkpoint::Signal;
use super::queue::Queue;
use super::rows::RowTexts;
use super::statements;
use crate::StoreError;
use crate::model::{Admission, Admitted, Birth, Change, Claim, Fence, OwnerId, Record, Settled, Settlement};

pub(super) type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// What can be written.
pub(super) enum Command {
    Register { until: Timestamp, reply: Reply<OwnerId> },
    Renew { fence: Fence, reply: Reply<bool> },
    Retire { owner: OwnerId, now: Timestamp, reply: Reply<()> },
    TakeOver { now: Timestamp, reply: Reply<usize> },
    Admit { admission: Box<(Admission, RowTexts)>, reply: Reply<Admitted> },
    Settle { settlement: Box<Settlement>, reply: Reply<Settled> },
    Claim { claim: Claim, reply: Reply<Vec<Record>> },
    PutNote { name: String, text: String, until: Timestamp, reply: Reply<()> },
}

/// What a command came to, kept until its commit.
enum Effect {
    Owner(OwnerId),
    Flag(bool),
    Unit,
    Count(usize),
    Admitted(Admitted),
    Settled(Settled),
    Claimed(Vec<Record>),
}

pub(super) struct Writer {
    commands: Option<mpsc::Sender<Command>>,
    waiting: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(connection: Connection, open: Arc<AtomicUsize>, signal: Arc<Signal>) -> Result<Self, StoreError> {
        let (commands, inbox) = mpsc::channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let loop_ = Loop { connection, open, signal, waiting: Arc::clone(&waiting) };
        let thread = std::thread::Builder::new()
            .name("sqlite-writer".into())
            .spawn(move || loop_.run(&inbox))
            .map_err(|error| StoreError::Engine(error.to_string()))?;
        Ok(Self { commands: Some(commands), waiting, thread: Some(thread) })
    }

    pub(super) fn send(&self, command: Command) -> Result<(), StoreError> {
        let commands = self.commands.as_ref().ok_or(StoreError::Closed)?;
        self.waiting.fetch_add(1, Ordering::Relaxed);
        commands.send(command).map_err(|_| StoreError::Closed)
    }

    pub(super) fn is_busy(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > BUSY
    }

    pub(super) fn is_full(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > MAX_COMMIT_QUEUE
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.commands.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

struct Loop {
    connection: Connection,
    open: Arc<AtomicUsize>,
    signal: Arc<Signal>,
    waiting: Arc<AtomicUsize>,
}

/// Items waiting for a commit above which the writer is busy: more than a few callers at once.
const BUSY: usize = 16;

impl Loop {
    fn run(self, inbox: &mpsc::Receiver<Command>) {
        let mut queue = Queue::default();
        loop {
            if queue.wait(inbox).is_err() {
                return;
            }
            let batch = queue.take();
            if batch.is_empty() {
                continue;
            }
            self.waiting.fetch_sub(batch.len(), Ordering::Relaxed);
            self.commit(batch);
            if self.signal.take_over_ceiling()
                && let Err(error) = self.connection.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(()))
            {
                tracing::warn!(%error, "the write-ahead log could not be restarted; it is tried again");
            }
        }
    }

    /// Commits a batch and answers; a batch that fails is committed item by item, so that one bad item fails alone.
    fn commit(&self, batch: Vec<Command>) {
        match self.transact(&batch) {
            Ok(effects) => {
                for (command, effect) in batch.into_iter().zip(effects) {
                    self.answer(command, effect);
                }
            }
            Err(_) if batch.len() > 1 => batch.into_iter().for_each(|command| self.commit(vec![command])),
            Err(error) => batch.into_iter().for_each(|command| refuse(command, &error)),
        }
    }

    fn transact(&self, batch: &[Command]) -> Result<Vec<Effect>, StoreError> {
        let transaction = self.connection.unchecked_transaction()?;
        let effects = batch.iter().map(|command| apply(&transaction, command)).collect::<Result<Vec<_>, _>>()?;
        transaction.commit()?;
        self.signal.committed();
        Ok(effects)
    }

    fn answer(&self, command: Command, effect: Effect) {
        match (command, effect) {
            (Command::Register { reply, .. }, Effect::Owner(owner)) => drop(reply.send(Ok(owner))),
            (Command::Renew { reply, .. }, Effect::Flag(alive)) => drop(reply.send(Ok(alive))),
            (Command::Retire { reply, .. } | Command::PutNote { reply, .. }, Effect::Unit) => drop(reply.send(Ok(()))),
            (Command::TakeOver { reply, .. }, Effect::Count(count)) => drop(reply.send(Ok(count))),
            (Command::Admit { admission, reply }, Effect::Admitted(admitted)) => {
                if matches!(admitted, Admitted::New(_)) && !matches!(admission.0.birth, Birth::Dead(_)) {
                    self.open.fetch_add(1, Ordering::Relaxed);
                }
                drop(reply.send(Ok(admitted)));
            }
            (Command::Settle { settlement, reply }, Effect::Settled(settled)) => {
                if settled == Settled::Written && !matches!(settlement.change, Change::Again(..)) {
                    self.open.fetch_sub(1, Ordering::Relaxed);
                }
                drop(reply.send(Ok(settled)));
            }
            (Command::Claim { reply, .. }, Effect::Claimed(records)) => drop(reply.send(Ok(records))),
            (command, _) => refuse(command, &StoreError::Engine("a command came to another's effect".into())),
        }
    }
}

fn apply(connection: &Connection, command: &Command) -> Result<Effect, StoreError> {
    Ok(match command {
        Command::Register { until, .. } => Effect::Owner(statements::register(connection, *until)?),
        Command::Renew { fence, .. } => Effect::Flag(statements::renew(connection, *fence)?),
        Command::Retire { owner, now, .. } => {
            statements::retire(connection, *owner, *now)?;
            Effect::Unit
        }
        Command::TakeOver { now, .. } => Effect::Count(statements::take_over(connection, *now)?),
        Command::Admit { admission, .. } => Effect::Admitted(statements::admit(connection, &admission.0, &admission.1)?),
        Command::Settle { settlement, .. } => Effect::Settled(statements::settle(connection, settlement)?),
        Command::Claim { claim, .. } => Effect::Claimed(statements::claim(connection, claim)?),
        Command::PutNote { name, text, until, .. } => {
            statements::put_note(connection, name, text, *until)?;
            Effect::Unit
        }
    })
}

fn refuse(command: Command, error: &StoreError) {
    let error = error.clone();
    match command {
        Command::Register { reply, .. } => drop(reply.send(Err(error))),
        Command::Renew { reply, .. } => drop(reply.send(Err(error))),
        Command::Retire { reply, .. } | Command::PutNote { reply, .. } => drop(reply.send(Err(error))),
        Command::TakeOver { reply, .. } => drop(reply.send(Err(error))),
        Command::Admit { reply, .. } => drop(reply.send(Err(error))),
        Command::Settle { reply, .. } => drop(reply.send(Err(error))),
        Command::Claim { reply, .. } => drop(reply.send(Err(error))),
    }
}
