// Made by generate.js. Do not edit.
loopTraces(["borrowing","cancel","fetch_data","fetch_data.python","jobs","lost_waker","no_turns","one_after_another","ready_queue","shuffled","take_turns","tasks","tick_tock","too_slow","words"]);
