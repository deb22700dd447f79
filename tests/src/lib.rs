//! Starts the real binary and the simulated networks for the end-to-end tests.
