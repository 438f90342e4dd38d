//! `mfactl`: the administrator's command line.
