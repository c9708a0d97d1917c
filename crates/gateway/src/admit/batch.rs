//! Order of a batch. Its items are admitted one after the other, so that of two with one id the
//! first counts, and so with the last action that a quota lets go; and they ask for their turns to
//! be sent in the same order.
//!
//! Nobody waits for an outcome: an item lets the next one go as soon as it is queued, or needs to
//! be no more.

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use acteon_core::ProviderName;
use acteon_store::{Admission, Admitted, StoreError, Turn};
use tokio::sync::oneshot::error::TryRecvError;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::deliver::job::Job;
use crate::shared::Inner;

/// Position of an item in the order of its batch. Dropped, it holds up nobody.
pub struct InOrder {
    pub(crate) admission: Link,
    pub(crate) line: InLine,
}

/// Positions for so many items, in their order.
pub fn items_in_order(count: usize) -> Vec<InOrder> {
    let lines = Arc::<Lines>::default();
    let item = |admission| InOrder {
        admission,
        line: InLine {
            lines: Arc::clone(&lines),
            link: None,
        },
    };
    chain(count).into_iter().map(item).collect()
}

/// Link between an item and the one before it. Dropped, it lets the next one go.
pub(crate) struct Link {
    before: Option<oneshot::Receiver<()>>,
    _next: oneshot::Sender<()>,
}

impl Link {
    /// Waits for the item before.
    pub(crate) async fn reached(&mut self) {
        if let Some(before) = &mut self.before {
            // It says nothing: it is dropped.
            drop(before.await);
            self.before = None;
        }
    }
}

fn chain(count: usize) -> Vec<Link> {
    let mut before = None;
    let link = |_| {
        let (next, after) = oneshot::channel();
        Link {
            before: before.replace(after),
            _next: next,
        }
    };
    (0..count).map(link).collect()
}

/// Last item of each provider that was to ask for its turn later. None goes ahead of another of its
/// provider, and none waits for another provider's.
#[derive(Default)]
struct Lines(Mutex<HashMap<ProviderName, oneshot::Receiver<()>>>);

/// Position among the items that ask for their turns.
pub(crate) struct InLine {
    lines: Arc<Lines>,
    link: Option<Link>,
}

impl InLine {
    /// Whether no item before this one has yet to ask for its turn: who took a free one now would overtake it. Items are prepared one after the other.
    pub(crate) fn is_first(&self, provider: &ProviderName) -> bool {
        let mut lines = self.lines.0.lock().unwrap_or_else(PoisonError::into_inner);
        match lines.get_mut(provider).map(oneshot::Receiver::try_recv) {
            Some(Err(TryRecvError::Empty)) => false,
            None => true,
            // It asked. Forgotten, so that nobody waits for it any more.
            Some(_) => {
                lines.remove(provider);
                true
            }
        }
    }

    /// Remembers that the item is to ask for its turn later.
    pub(crate) fn asks_later(&mut self, provider: &ProviderName) {
        let (next, after) = oneshot::channel();
        let mut lines = self.lines.0.lock().unwrap_or_else(PoisonError::into_inner);
        self.link = Some(Link {
            before: lines.insert(provider.clone(), after),
            _next: next,
        });
    }

    /// Waits until all items before have asked for their turns.
    pub(crate) async fn reached(&mut self) {
        if let Some(link) = &mut self.link {
            link.reached().await;
        }
    }
}

/// Item of a batch: its permit on the way to the commit, and its position among those that ask for their turns.
#[derive(Default)]
pub(crate) struct BatchItem {
    pub(crate) entering: Option<(OwnedSemaphorePermit, Link)>,
    pub(crate) line: Option<InLine>,
}

impl BatchItem {
    pub(crate) fn turn(&self) -> Turn {
        if self.entering.is_some() {
            Turn::Batch
        } else {
            Turn::Single
        }
    }
}

/// Asks the store to admit an action. Once that is queued, the next of its batch may be.
pub(crate) async fn admit(
    inner: &Inner,
    admission: Admission,
    batch: &mut BatchItem,
) -> Result<Admitted, StoreError> {
    let admitting = inner.store.admit(admission);
    tokio::pin!(admitting);
    let mut entering = batch.entering.take();
    let admitted = match begin(admitting.as_mut()).await {
        Poll::Ready(admitted) => admitted,
        Poll::Pending => {
            let _permit = entering.take().map(|(permit, _)| permit);
            admitting.await
        }
    };
    drop(entering);
    admitted
}

/// Asks for a job's turn, after those before it in its batch.
pub(crate) async fn ask_in_line(line: Option<InLine>, job: Job) -> Job {
    let Some(mut line) = line else {
        return job.ask_for_turn();
    };
    line.reached().await;
    // Only then the next in line may ask.
    let job = job.ask_for_turn();
    drop(line);
    job
}

/// Polls a future once: whatever it has to queue for is asked for then.
async fn begin<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn an_item_goes_when_the_one_before_lets_it() {
        let mut items = items_in_order(3);
        let (mut third, mut second, mut first) = (
            items.pop().expect("three"),
            items.pop().expect("two"),
            items.pop().expect("one"),
        );
        assert!(first.admission.reached().now_or_never().is_some());
        assert!(
            second.admission.reached().now_or_never().is_none()
                && third.admission.reached().now_or_never().is_none()
        );
        drop(first.admission);
        assert!(
            second.admission.reached().now_or_never().is_some()
                && third.admission.reached().now_or_never().is_none()
        );
        let (one, other) = (
            ProviderName::parse("one").expect("a name"),
            ProviderName::parse("other").expect("a name"),
        );
        first.line.asks_later(&one);
        assert!(!second.line.is_first(&one) && second.line.is_first(&other));
        second.line.asks_later(&one);
        third.line.asks_later(&other);
        assert!(
            second.line.reached().now_or_never().is_none()
                && third.line.reached().now_or_never().is_some()
        );
        drop(first.line);
        assert!(second.line.reached().now_or_never().is_some());
        drop(second);
        assert!(third.line.is_first(&one) && third.admission.reached().now_or_never().is_some());
        third.line.asks_later(&one);
        assert!(
            third.line.reached().now_or_never().is_some(),
            "those before have asked"
        );
    }
}
