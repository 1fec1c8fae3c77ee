mod ch12;
