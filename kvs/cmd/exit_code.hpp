// How every command ends. Part of the contract with scripts: numbers never change.
#pragma once

namespace kvs::exit_code {

inline constexpr int ok = 0;
inline constexpr int other = 1;
inline constexpr int usage = 2;
inline constexpr int no_such_key = 3;
inline constexpr int condition_failed = 4;  // 409 412 422
inline constexpr int unreachable = 5;       // no connection, 429, 503: another time perhaps
inline constexpr int watch_gap = 6;         // 410
inline constexpr int not_allowed = 7;       // 401 403 421
inline constexpr int partly_done = 8;
inline constexpr int bad_data = 9;
inline constexpr int timed_out = 124;   // 504
inline constexpr int cannot_run = 126;  // a program, as of a shell
inline constexpr int no_such_program = 127;
inline constexpr int interrupted = 130;  // SIGINT
inline constexpr int terminated = 143;   // SIGTERM

}  // namespace kvs::exit_code
