// Made by generate.js. Do not edit.
loopTraces(["borrowing","cancel","fetch_data","fetch_data.python","lost_waker","one_after_another","shuffled","tasks","too_slow"]);
