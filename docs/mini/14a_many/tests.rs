mod ch12;
mod ch13;
