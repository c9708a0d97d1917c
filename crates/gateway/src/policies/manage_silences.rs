//! Management of silences: looking at them, making, changing, ending and forgetting them.

use std::sync::Arc;

use acteon_core::{Scope, Timestamp};
use acteon_rules::Matcher;
use acteon_store::{DocumentKind, Put, StoreError};

use super::silence::{Silence, SilenceChange};
use crate::policies::document::parsed;
use crate::policies::error::PolicyError;
use crate::policies::silences::SilenceEntry;
use crate::shared::Gateway;

impl Gateway {
    /// Silences that a scope covers: those that hold now, or all.
    pub fn silences(&self, scope: &Scope, all: bool) -> Vec<Silence> {
        let now = self.inner.clock.now();
        let policies = self.inner.policies.load();
        let covered = policies.silences.all.values().map(|entry| &entry.silence);
        let covered =
            covered.filter(|silence| scope.covers_scope(&silence.namespace, &silence.tenant));
        covered
            .filter(|silence| all || silence.is_active(now))
            .cloned()
            .collect()
    }

    /// Silence of this id, if the scope covers it.
    pub fn silence(&self, scope: &Scope, id: &str) -> Result<Silence, PolicyError> {
        let policies = self.inner.policies.load();
        let found = policies.silences.all.get(id).map(|entry| &entry.silence);
        let covered =
            found.filter(|silence| scope.covers_scope(&silence.namespace, &silence.tenant));
        covered.cloned().ok_or(PolicyError::NotFound("silence"))
    }

    /// Makes a silence; its id is made here.
    pub async fn create_silence(&self, new: Silence) -> Result<Silence, PolicyError> {
        self.create_silence_within(&Scope::everything(), new).await
    }

    /// Makes a silence, if a scope covers all that it can hold back.
    pub async fn create_silence_within(
        &self,
        scope: &Scope,
        new: Silence,
    ) -> Result<Silence, PolicyError> {
        let (mut new, matchers) = self.compiled(new).await?;
        self.may_change_silence(scope, &new, &matchers)?;
        let _room = self
            .inner
            .policies
            .silence_room(&new.namespace, &new.tenant, matchers)?;
        new.id = self
            .inner
            .entropy
            .action_id(self.inner.clock.now())
            .to_string();
        match self
            .put(DocumentKind::Silence, (&new.id, &new.id), &new, None)
            .await?
        {
            Put::Written(_) => Ok(new),
            Put::Changed | Put::NameTaken => {
                Err(PolicyError::Conflict("a silence has this id".into()))
            }
        }
    }

    /// Checks and compiles a silence, off the threads that serve others where it has patterns.
    pub(super) async fn compiled(
        &self,
        silence: Silence,
    ) -> Result<(Silence, Vec<Matcher>), PolicyError> {
        let inner = Arc::clone(&self.inner);
        let has_patterns = silence.has_patterns();
        let compile = move || {
            let policies = inner.policies.load_full();
            let matchers = silence.check(&inner.options.redaction, &mut |text| {
                policies.silences.pattern(text)
            })?;
            Ok((silence, matchers))
        };
        if !has_patterns {
            return compile();
        }
        self.aside(compile)
            .await
            .ok_or_else(|| StoreError::Engine("the silence could not be compiled".into()))?
    }

    /// Changes end or comment of a silence.
    pub async fn update_silence(
        &self,
        scope: &Scope,
        id: &str,
        change: SilenceChange,
    ) -> Result<Silence, PolicyError> {
        let (silence, matchers) = self.of_silence(scope, id).await?;
        silence.may_end_at(change.ends_at)?;
        let now = self.inner.clock.now();
        let begins_again = change.ends_at.is_some_and(|ends_at| now < ends_at)
            && !self.inner.policies.load().silences.is_held(id);
        let room = begins_again.then(|| {
            self.inner
                .policies
                .silence_room(&silence.namespace, &silence.tenant, matchers)
        });
        let _room = room.transpose()?;
        let apply = |silence: &mut Silence| {
            silence.may_end_at(change.ends_at)?;
            silence.ends_at = change.ends_at.unwrap_or(silence.ends_at);
            silence.comment = change
                .comment
                .clone()
                .unwrap_or_else(|| silence.comment.clone());
            silence.updated_at = now;
            silence.check_times()
        };
        self.change(DocumentKind::Silence, id, apply).await
    }

    /// Ends a silence now. It stays in the store, to be looked at.
    pub async fn expire_silence(&self, scope: &Scope, id: &str) -> Result<(), PolicyError> {
        self.of_silence(scope, id).await?;
        let now = self.inner.clock.now();
        let apply = |silence: &mut Silence| {
            silence.ends_at = silence.ends_at.min(now);
            silence.starts_at = silence.starts_at.min(now);
            silence.deleted_at = silence.deleted_at.or(Some(now));
            silence.updated_at = now;
            Ok(())
        };
        self.change(DocumentKind::Silence, id, apply)
            .await
            .map(drop)
    }

    /// Silence that a scope may change, with its matchers.
    async fn of_silence(
        &self,
        scope: &Scope,
        id: &str,
    ) -> Result<(Silence, Vec<Matcher>), PolicyError> {
        let silence = self.silence(scope, id)?;
        let kept = self
            .inner
            .policies
            .load()
            .silences
            .all
            .get(id)
            .map(|entry| entry.matchers.clone())
            .unwrap_or_default();
        let matchers = if kept.is_empty() {
            self.recompiled(&silence).await?
        } else {
            kept
        };
        self.may_change_silence(scope, &silence, &matchers)?;
        Ok((silence, matchers))
    }

    /// Matchers of a silence that has ended.
    async fn recompiled(&self, silence: &Silence) -> Result<Vec<Matcher>, PolicyError> {
        let (inner, silence) = (Arc::clone(&self.inner), silence.clone());
        let compile =
            move || silence.compile(&mut |text| inner.policies.load().silences.pattern(text));
        self.aside(compile)
            .await
            .ok_or_else(|| StoreError::Engine("the silence could not be compiled".into()))?
    }

    /// Forgets silences that ended before `before`.
    pub(crate) async fn forget_silences(&self, before: Timestamp) -> Result<(), PolicyError> {
        let policies = self.inner.policies.load_full();
        let over = |(_, entry): &(&Arc<str>, &Arc<SilenceEntry>)| entry.silence.ends_at < before;
        let old: Vec<Arc<str>> = policies
            .silences
            .all
            .iter()
            .filter(over)
            .map(|(id, _)| Arc::clone(id))
            .collect();
        if old.is_empty() {
            return Ok(());
        }
        for id in &old {
            // Somebody may have given it another end since, or may do so now: only what was looked at is deleted.
            let Some(found) = self.inner.store.document(DocumentKind::Silence, id).await? else {
                continue;
            };
            if parsed::<Silence>(&found).is_some_and(|silence| silence.ends_at < before) {
                self.inner
                    .store
                    .delete_document(DocumentKind::Silence, id, Some(found.version))
                    .await?;
            }
        }
        self.take_over_changes().await;
        Ok(())
    }
}
