//! A few bytes of known number, gathered over any cuts of the input. It keeps at most `N` bytes and allocates
//! nothing.

/// Up to `N` gathered bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gather<const N: usize> {
    bytes: [u8; N],
    have: usize,
}

impl<const N: usize> Gather<N> {
    pub(super) fn new() -> Self {
        Self { bytes: [0; N], have: 0 }
    }

    /// Takes bytes off the front of `input` until `want` (at most `N`) are here; says whether they are.
    pub(super) fn take(&mut self, want: usize, input: &mut &[u8]) -> bool {
        let missing = want.min(N).saturating_sub(self.have);
        let (taken, rest) = input.split_at(missing.min(input.len()));
        for (to, from) in self.bytes.iter_mut().skip(self.have).zip(taken) {
            *to = *from;
        }
        self.have += taken.len();
        *input = rest;
        taken.len() == missing
    }

    /// What has been gathered.
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.have).unwrap_or_default()
    }

    /// All `N` bytes; those not yet gathered are zero.
    pub(super) fn all(&self) -> [u8; N] {
        self.bytes
    }

    pub(super) fn clear(&mut self) {
        *self = Self::new();
    }
}
