//! stitch beside the engines that one could pick instead: the same work, in one run.

pub mod allocations;
pub mod answers;
pub mod cell;
pub mod engines;
pub mod order;
pub mod registry;
pub mod report;
pub mod row;
pub mod run;
pub mod segment;
pub mod threads;
pub mod user;
