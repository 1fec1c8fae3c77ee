// Made by generate.js. Do not edit.
loopTraces([
{"name":"borrowing","shows":"tasks of a scope borrow"},
{"name":"by_wire","shows":"a model at one end of a socket, a reader at the other"},
{"name":"cancel","shows":"a task is cancelled"},
{"name":"fetch_data","shows":"three waits of two seconds, at once"},
{"name":"fetch_data.python","shows":"the same program on asyncio"},
{"name":"jobs","shows":"five jobs, two at a time"},
{"name":"join","shows":"a task starts another one and waits for it"},
{"name":"lost_waker","shows":"a future that keeps no waker"},
{"name":"no_turns","shows":"awaits that have nothing to wait for"},
{"name":"on_a_thread","shows":"a heart beats while a thread is held up"},
{"name":"one_after_another","shows":"the same waits, without gather"},
{"name":"ready_queue","shows":"three tasks stand in line"},
{"name":"relay","shows":"a relay, and two players: who wakes whom"},
{"name":"shuffled","shows":"a seed draws the order of each turn"},
{"name":"take_turns","shows":"awaits that give way"},
{"name":"tasks","shows":"three tasks, each with a name"},
{"name":"tick_tock","shows":"two tasks, each with its own pace"},
{"name":"too_slow","shows":"a timeout drops what it waited for"},
{"name":"words","shows":"two answers, word by word"}
]);
