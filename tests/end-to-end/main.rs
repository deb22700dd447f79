//! The real binary with real plug-ins and simulated networks, used as people and networks use it.

mod administration;
mod api;
mod backup;
mod channels;
mod clients;
mod day;
mod described;
mod doors;
mod durability;
mod erasure;
mod faults;
mod guarding;
mod journeys;
mod lifecycle;
mod media;
mod operations;
mod posts;
mod proxy;
mod public;
mod readme;
mod reference;
mod retries;
mod simulated;
mod streams;
mod threads;
mod whatsapp;
