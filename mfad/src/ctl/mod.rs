//! `mfactl`: the administrator's command line.

pub mod doctor;
