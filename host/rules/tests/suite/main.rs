//! Rules and hours, from outside. One program, so that it is linked once.

mod calendars;
mod hours;
mod properties;
mod two_countries;
