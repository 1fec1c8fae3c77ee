mod ch12;
mod ch13;
mod ch19;
mod ch20;
