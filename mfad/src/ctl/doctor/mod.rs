//! doctor
pub mod control;
pub mod stack;
pub mod walk;
