//! Choices of a run.

/// Choices of a run, as they were drawn. Where they run out the first thing is chosen, so that smaller runs are simpler.
pub(crate) struct Choices<'a> {
    pub(crate) drawn: std::slice::Iter<'a, u16>,
}

impl Choices<'_> {
    pub(crate) fn below(&mut self, most: usize) -> usize {
        let drawn = self.drawn.next().copied().unwrap_or(0);
        usize::from(drawn) % most.max(1)
    }

    pub(crate) fn one<T: Clone>(&mut self, of: &[T]) -> Option<T> {
        let at = self.below(of.len());
        of.get(at).cloned()
    }

    /// One time in so many.
    pub(crate) fn rarely(&mut self, times: usize) -> bool {
        self.below(times) == times - 1
    }
}
