//! Where the choices of a simulation come from.

use rand::RngCore;
use rand::rngs::SmallRng;

pub trait Choices {
    /// Any number.
    fn number(&mut self) -> u32;

    /// A number below a limit, which is not 0.
    fn below(&mut self, limit: u32) -> u32 {
        self.number() % limit
    }

    fn index(&mut self, length: usize) -> usize {
        self.below(u32::try_from(length).unwrap()) as usize
    }

    fn one_in(&mut self, count: u32) -> bool {
        // Not for the choice 0, to which a sequence is shortened.
        self.below(count) == count - 1
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        if from.is_empty() {
            None
        } else {
            from.get(self.index(from.len()))
        }
    }
}

impl Choices for SmallRng {
    fn number(&mut self) -> u32 {
        self.next_u32()
    }
}

/// Choices that were made before; 0 when they are used up.
pub struct Fixed {
    drawn: std::vec::IntoIter<u32>,
}

impl Fixed {
    pub fn new(drawn: Vec<u32>) -> Self {
        Self {
            drawn: drawn.into_iter(),
        }
    }

    pub fn is_used_up(&self) -> bool {
        self.drawn.len() == 0
    }
}

impl Choices for Fixed {
    fn number(&mut self) -> u32 {
        self.drawn.next().unwrap_or(0)
    }
}
