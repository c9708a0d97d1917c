//! The columns of an action that a walk through the journal tests each row by, without reading the wide texts.

use acteon_core::Timestamp;

use crate::model::Seq;

/// Columns of an action that a filter tests, for table `a`. State, tag, code and class of its outcome stand behind them: see [`Narrow::read`].
pub(crate) const NARROW: &str = "a.seq, a.accepted_at, a.namespace, a.tenant, a.provider, a.action_type, a.caller, a.verdict, a.rule";

/// Values of the columns that a filter tests. Texts that are missing are empty.
pub(crate) struct Narrow<'a> {
    pub(crate) seq: Seq,
    pub(crate) accepted_at: Timestamp,
    pub(crate) namespace: &'a str,
    pub(crate) tenant: &'a str,
    pub(crate) provider: &'a str,
    pub(crate) action_type: &'a str,
    pub(crate) caller: &'a str,
    pub(crate) verdict: &'a str,
    pub(crate) rule: &'a str,
    /// `None` while it is open, or where the filter needs no outcome.
    pub(crate) state: Option<i64>,
    pub(crate) tag: &'a str,
    pub(crate) code: &'a str,
    pub(crate) class: &'a str,
}

/// Row as an engine has it, by the places of its columns.
pub(crate) trait NarrowRow<'a> {
    /// Error of a column that cannot be read.
    type Error;

    fn number(&self, place: usize) -> Result<i64, Self::Error>;

    fn maybe_number(&self, place: usize) -> Result<Option<i64>, Self::Error>;

    /// A text, empty where it is NULL.
    fn text(&self, place: usize) -> Result<&'a str, Self::Error>;
}

impl<'a> Narrow<'a> {
    /// Reads [`NARROW`], state, tag, code and class.
    pub(crate) fn read<R: NarrowRow<'a>>(row: &R) -> Result<Self, R::Error> {
        Ok(Self {
            seq: Seq(row.number(0)?),
            accepted_at: Timestamp::from_millis(row.number(1)?),
            namespace: row.text(2)?,
            tenant: row.text(3)?,
            provider: row.text(4)?,
            action_type: row.text(5)?,
            caller: row.text(6)?,
            verdict: row.text(7)?,
            rule: row.text(8)?,
            state: row.maybe_number(9)?,
            tag: row.text(10)?,
            code: row.text(11)?,
            class: row.text(12)?,
        })
    }
}
