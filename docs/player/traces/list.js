// Made by generate.js. Do not edit.
loopTraces(["borrowing","by_wire","cancel","fetch_data","fetch_data.python","jobs","lost_waker","no_turns","on_a_thread","one_after_another","ready_queue","shuffled","take_turns","tasks","tick_tock","too_slow","words"]);
