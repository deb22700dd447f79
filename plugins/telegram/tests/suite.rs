//! The tests of this plug-in, in one program: each program of its own would be linked with the whole sandbox.

mod golden;
