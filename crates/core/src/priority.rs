//! Priorities of actions that wait.

use serde::{Deserialize, Serialize};

/// Priority of an action: it goes before all others of its provider that wait, with them, or after
/// them.
///
/// Turns are given to the highest class that waits, but every [`NORMAL_EVERY`]th goes to normal
/// ones first, and every [`LOW_EVERY`]th to low ones: whatever waits has its turn within that many.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Goes before all others that wait.
    High,
    /// Goes as everything does where nobody says otherwise.
    #[default]
    Normal,
    /// Goes when nothing else waits, or when its turn has come.
    Low,
}

/// Turns of which one goes to an action that is not high.
pub const NORMAL_EVERY: u64 = 4;
/// Turns of which one goes to an action that is low.
pub const LOW_EVERY: u64 = 16;

impl Priority {
    /// All priorities, the highest first.
    pub const ALL: [Self; 3] = [Self::High, Self::Normal, Self::Low];

    /// Name of the priority, in requests, rules and the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Normal => "normal",
            Self::Low => "low",
        }
    }

    /// Priority of this name; `None` for any other word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|priority| priority.as_str() == word)
    }

    /// Number under which it is stored: its index in [`Self::ALL`].
    pub const fn number(self) -> i64 {
        self.index() as i64
    }

    /// Index of the priority in [`Self::ALL`].
    pub const fn index(self) -> usize {
        match self {
            Self::High => 0,
            Self::Normal => 1,
            Self::Low => 2,
        }
    }

    /// Whether it is the priority of actions that say nothing.
    pub const fn is_normal(&self) -> bool {
        matches!(self, Self::Normal)
    }

    /// Order in which classes are asked for a turn: it goes to the first that waits.
    pub const fn order_of_turn(turn: u64) -> [Self; 3] {
        if turn % LOW_EVERY == LOW_EVERY - 1 {
            [Self::Low, Self::High, Self::Normal]
        } else if turn % NORMAL_EVERY == NORMAL_EVERY - 1 {
            [Self::Normal, Self::High, Self::Low]
        } else {
            Self::ALL
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_turns_are_of_the_highest_and_some_of_each() {
        let firsts = (0..LOW_EVERY).map(|turn| Priority::order_of_turn(turn)[0]);
        let count = |priority| firsts.clone().filter(|first| *first == priority).count();
        assert_eq!(Priority::ALL.map(count), [12, 3, 1]);
        for priority in Priority::ALL {
            assert_eq!(
                (
                    Priority::parse(priority.as_str()),
                    Priority::ALL[priority.index()]
                ),
                (Some(priority), priority)
            );
        }
        assert_eq!(Priority::parse("urgent"), None);
    }
}
