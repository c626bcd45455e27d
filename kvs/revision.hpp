// The numbers that name places and times in the history.
#pragma once
#include <chrono>
#include <cstdint>

namespace kvs {

// A command's place in the order: 64-bit, only rises, gaps are normal, 0 = before the first.
// Only the revision of an applied change is ever shown outside. Below 2^53, so that JSON numbers hold it.
enum class Revision : std::uint64_t {};

constexpr std::uint64_t number(Revision revision) { return static_cast<std::uint64_t>(revision); }
constexpr Revision after(Revision revision) { return Revision{number(revision) + 1}; }
inline constexpr Revision no_revision{0};
inline constexpr std::uint64_t max_revision_number = (std::uint64_t{1} << 53) - 1;

// Names one history. Revisions of two histories must not be compared. Shown as 16 hex digits.
enum class LogId : std::uint64_t {};

constexpr std::uint64_t number(LogId id) { return static_cast<std::uint64_t>(id); }

// The only clock that decides anything: the time stamp a command got with its place in the order. Never goes back.
using LogTime = std::chrono::sys_time<std::chrono::milliseconds>;

}  // namespace kvs
