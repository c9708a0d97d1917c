//! Health check of an app: whether a send would work, found out without sending.

use std::time::Duration;

use secrecy::SecretString;

use crate::answer::Answer;
use crate::app::App;
use crate::error::{Call, Error, Reason};
use crate::health_memory::{AgentState, Finding};
use crate::token::Token;

/// Time for which a result is shared between callers.
const FRESH: Duration = Duration::from_mins(1);
/// Shortest time between two calls of `gettoken` that prove the secret.
const PROVE_EVERY: Duration = Duration::from_mins(5);

impl App {
    /// Checks the secret with `gettoken`, and token, agent id, trusted IP address and whether the app is switched on with `agent/get` (page 90227).
    ///
    /// Returns the result with its age: a result is shared for a minute. `gettoken` is called every five minutes at most while a token is in use, and
    /// not at all while a refusal is remembered. Errors with [`Reason::AppDisabled`] when the app is switched off, and else as the calls do.
    pub async fn health(&self) -> (Duration, Result<AgentState, Error>) {
        let mut last = self.health.last.lock().await;
        let now = self.health.clock.monotonic();
        if let Some((at, finding)) = last.as_ref()
            && now.saturating_sub(*at) < FRESH
        {
            return (now.saturating_sub(*at), finding.clone());
        }
        let finding = self.look().await;
        *last = Some((now, finding.clone()));
        (Duration::ZERO, finding)
    }

    async fn look(&self) -> Finding {
        let begins = self.token_deadline();
        let token = self.slot.prove(PROVE_EVERY, self.buffer, begins).await?;
        match self.agent_state(&token).await {
            Err(error) if error.refuses_token() => {
                self.slot.invalidate(token.generation);
                let fresh = self.slot.get(self.buffer, begins).await?;
                self.agent_state(&fresh)
                    .await
                    .map_err(Error::of_a_fresh_token)
            }
            finding => finding,
        }
    }

    async fn agent_state(&self, token: &Token) -> Finding {
        let agent_id = SecretString::from(self.agent_id.to_string());
        let body = self
            .endpoint
            .call(
                Call::AgentGet,
                &[("access_token", &token.secret), ("agentid", &agent_id)],
                None,
                self.endpoint.timeout(),
            )
            .await?;
        let answer = Answer::read(Call::AgentGet, &body, "agentid", &self.slot.secrets())?;
        if answer.number("close") == Some(1) {
            return Err(Error::new(Call::AgentGet, Reason::AppDisabled));
        }
        Ok(AgentState {
            name: answer.text("name").map(str::to_owned),
        })
    }
}
