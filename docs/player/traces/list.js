// Made by generate.js. Do not edit.
loopTraces(["fetch_data.python","fetch_data.rust"]);
