//! What a store promised is there after the power went.

mod power;
