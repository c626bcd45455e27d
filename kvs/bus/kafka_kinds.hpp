// The kinds of records of ours, and what each of them has. Their grammar: kafka_record.cpp.
#pragma once
#include <cstdint>
#include <optional>

#include "kvs/command.hpp"

namespace kvs::kafka_kinds {

// Wire numbers are fixed here, whatever becomes of the enumerators.
enum class Kind : std::uint8_t { set = 1, remove, barrier, digest, open, transaction, expire, touch, remove_range };

namespace field {  // the bits that say what is there
constexpr std::uint8_t request_id = 1, origin = 2, conditions = 4, ttl = 8, request_key = 16, all = 31;
}

// Where the key of the command's record stands.
enum class Named : std::uint8_t { nowhere, in_key, in_header };

// What a kind of record has; `fields`: those that not every command may have.
struct Shape {
  Kind kind;
  Named named = Named::nowhere;
  bool value = false;
  std::uint8_t fields = 0;
};

constexpr Shape open_shape{Kind::open};

#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wswitch"  // a kind that is not here does not compile
constexpr std::optional<Shape> shape_of(Command::Kind kind) {
  switch (kind) {
    case Command::Kind::set:
      return Shape{Kind::set, Named::in_key, true, field::conditions | field::ttl | field::request_key};
    case Command::Kind::remove:
      return Shape{Kind::remove, Named::in_key, false, field::conditions | field::request_key};
    case Command::Kind::barrier:
      return Shape{Kind::barrier};
    case Command::Kind::digest:
      return Shape{Kind::digest};
    case Command::Kind::touch:
      return Shape{Kind::touch, Named::in_header, false, field::conditions | field::ttl | field::request_key};
    case Command::Kind::remove_range:
      return Shape{Kind::remove_range, Named::in_header, false, field::request_key};
    case Command::Kind::transaction:
      return Shape{Kind::transaction, Named::nowhere, true, field::request_key};
    case Command::Kind::expire:
      return Shape{Kind::expire, Named::in_key, false, field::conditions};
  }
  return {};
}

constexpr std::optional<Command::Kind> command_kind(Kind kind) {
  switch (kind) {
    case Kind::set:
      return Command::Kind::set;
    case Kind::remove:
      return Command::Kind::remove;
    case Kind::barrier:
      return Command::Kind::barrier;
    case Kind::digest:
      return Command::Kind::digest;
    case Kind::transaction:
      return Command::Kind::transaction;
    case Kind::expire:
      return Command::Kind::expire;
    case Kind::touch:
      return Command::Kind::touch;
    case Kind::remove_range:
      return Command::Kind::remove_range;
    case Kind::open:
      break;
  }
  return {};
}
#pragma GCC diagnostic pop

// Every kind of command that can be written is read as the same, and the other way round.
constexpr bool kinds_match() {
  for (int number = 0; number <= UINT8_MAX; ++number) {
    Command::Kind kind{static_cast<std::uint8_t>(number)};
    if (auto shape = shape_of(kind); shape && command_kind(shape->kind) != kind) return false;
    Kind wire{static_cast<std::uint8_t>(number)};
    if (auto read = command_kind(wire); read && (!shape_of(*read) || shape_of(*read)->kind != wire)) return false;
  }
  return true;
}
static_assert(kinds_match());

// Of any kind on the wire; none: there is no such kind.
constexpr std::optional<Shape> shape_of(Kind kind) {
  if (kind == Kind::open) return open_shape;
  auto known = command_kind(kind);
  return known ? shape_of(*known) : std::nullopt;
}

}  // namespace kvs::kafka_kinds
