// The keys and values at a revision: an immutable ordered map (copy-on-write B+tree).
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "kvs/record.hpp"
#include "kvs/revision.hpp"

namespace kvs {

namespace tree {
struct Node;    // tree_node.hpp
class Version;  // tree_versions.hpp
class Draft;
void intrusive_ptr_add_ref(const Version* version) noexcept;
void intrusive_ptr_release(const Version* version) noexcept;
}  // namespace tree

// What holding on to a state may cost, in bytes of nodes and records.
struct StateWeight {
  std::uint64_t replaced = 0;   // what left the states of its order up to it; rising
  std::uint64_t footprint = 0;  // all that it shows
  std::uint64_t own = 0;        // what it shares with no state of its order, for it was made aside

  // What it keeps in memory beside a later state, at most, but for its own: what was replaced between the two, each
  // time that something was, but no more than it shows.
  std::uint64_t kept_until(std::uint64_t later_replaced) const {
    return later_replaced < replaced ? footprint : std::min(footprint, later_replaced - replaced);
  }
};

// A value type: copying costs one atomic increment, versions share their nodes. Any thread may read any State at any
// time; a State holds everything it shows. Keys are ordered by their bytes (unsigned).
class State {
 public:
  State() = default;

  // Null if there is no such key; valid as long as this State (or the record) is held.
  const Record* find(std::string_view key) const;

  std::size_t size() const { return keys_.size; }      // live keys
  std::uint64_t bytes() const { return keys_.bytes; }  // their records' footprints
  Revision revision() const { return revision_; }      // of the newest applied change
  LogTime time() const { return time_; }               // of the newest command that left something here
  // The place in the order up to which this state knows everything that must be kept: that of the newest change, or of
  // a later command that only left an answer. Never shown outside.
  Revision place() const { return place_; }
  // The same with the bookkeeping below.
  std::uint64_t footprint() const { return needed() + tombstones_.bytes; }
  // Without the tombstones, which give way: what the memory limit counts.
  std::uint64_t needed() const { return keys_.bytes + 2 * answers_.bytes; }
  // Of a state made aside: `replaced` is that of its base, which it holds as well.
  StateWeight weight() const;
  // Bytes that are in memory only for states that are not the newest, or made aside; of all in the process.
  static std::uint64_t kept_in_memory();
  // Of all records with all they hold: two States that show the same have the same digest, and two that do not have
  // another but for one chance in 2^64. Not for adversaries. 0 if StateLimits say that none is kept.
  std::uint64_t digest() const { return digest_; }

  // A place between keys that walks in both directions. Invalidated with its State (hold a copy beside it).
  class Cursor;
  Cursor seek(std::string_view key) const;  // at the first key >= `key`
  Cursor begin() const;
  Cursor end() const;  // after the last key

  // What was deleted, newest StateLimits::tombstones of it, as tombstone.hpp reads it: by revision, then by key.
  Cursor tombstones_after(Revision revision) const;
  std::size_t tombstones() const { return tombstones_.size; }
  // Everything deleted after this revision still has its tombstone.
  Revision oldest_tombstone() const { return forgotten_; }
  // The answer to a request with that request key, as answers.hpp reads it; null: none is remembered.
  const Record* answer(std::string_view request_key) const;
  Cursor answers() const;  // by request key

 private:
  friend class StateEditor;
  friend class StateBuilder;
  struct Tree {
    const tree::Node* root = nullptr;
    std::size_t size = 0;
    std::uint64_t bytes = 0;
  };
  static Cursor begin(const Tree& tree);
  static Cursor seek(const Tree& tree, std::string_view key);

  // Holds what the roots lead to; null: nothing, or an editor does.
  boost::intrusive_ptr<const tree::Version> version_;
  Tree keys_;
  Tree tombstones_;
  Tree answers_;
  Tree answer_order_;         // place of the command, then the request key
  std::uint64_t digest_ = 0;  // sum of the digests of keys and answers, so that each change adds and takes away its own
  std::uint64_t replaced_ = 0;
  std::uint64_t own_ = 0;
  Revision revision_ = no_revision;
  Revision place_ = no_revision;
  Revision forgotten_ = no_revision;  // the newest revision whose tombstone was dropped
  LogTime time_{};
};

class State::Cursor {
 public:
  Cursor() = default;         // at the end of the empty State
  const Record* get() const;  // the record at the cursor; null at the end
  void next();                // no effect at the end
  void previous();            // from the end: to the last key. At the first key: to the end
 private:
  friend class State;
  enum class Edge { first, last };
  static constexpr int max_depth = 16;  // a tree of so many levels would hold more than memory can
  explicit Cursor(const tree::Node* root) : root_(root) {}
  void push(const tree::Node* node, unsigned index);
  void descend(const tree::Node* node, Edge edge);
  void advance();

  const tree::Node* root_ = nullptr;
  int depth_ = 0;  // nodes on the path from the root to the leaf; 0 at the end
  const tree::Node* path_[max_depth];
  std::uint16_t index_[max_depth];  // of the child taken; in the leaf: of the record
};

// How much bookkeeping a state holds beside the keys. Answers must be the same on all instances of one order, for
// verdicts depend on them.
struct StateLimits {
  std::size_t tombstones = 1'000'000;
  std::size_t answers = 100'000;
  bool digests = true;  // whether State::digest() is kept; else it is 0
  // Bytes of footprint() above which the oldest tombstones give way, so that what is deleted makes room; 0: none do.
  std::uint64_t memory = 0;
};

// Makes the next State out of one: nodes it made itself are edited in place, all others are copied first, so the State
// it began with never changes. One thread. The editor may be dropped without commit().
class StateEditor {
 public:
  // One State goes on to one next State: throws std::logic_error if another editor works on this one or has gone on
  // from it.
  explicit StateEditor(State base, StateLimits limits = {});
  // Any number may be made aside. What such an editor has committed is freed only when the last State of it is gone,
  // and the base with it: for one commit or a few, not for a life, and not one on the other.
  struct Aside {};
  StateEditor(State base, Aside, StateLimits limits = {});
  ~StateEditor();
  StateEditor(const StateEditor&) = delete;
  StateEditor& operator=(const StateEditor&) = delete;

  // With the edits made so far. It and cursors into it are valid until the next edit; a copy holds no more than that.
  const State& state() const { return state_; }
  const Record* find(std::string_view key) const { return state_.find(key); }
  // For speed: edits of these keys come next. What they will read is fetched together.
  void expect(std::span<const std::string_view> keys) const;
  RecordRef put(RecordRef record);         // inserts or replaces; returns what was there before
  RecordRef erase(std::string_view key);   // returns what was there; null: no such key
  void bury(RecordRef tombstone);          // remembers what was deleted; the oldest beyond the limit are forgotten
  void forget_tombstones(Revision until);  // those up to this revision are not known (a snapshot says so)
  void drop_tombstones(Revision until);    // all there are; and those up to this revision are not known
  void remember(RecordRef answer);  // replaces one of that request key; the oldest beyond the limit are forgotten
  std::size_t size() const { return state_.size(); }
  std::uint64_t bytes() const { return state_.bytes(); }
  std::uint64_t digest() const { return state_.digest_; }

  // The edited State at its new revision and time. The editor goes on from it (its nodes are shared from now on).
  State commit(Revision revision, LogTime time) { return commit(revision, time, revision); }
  State commit(Revision revision, LogTime time, Revision place);
  void rollback();  // back to the last commit, or to the base

 private:
  StateEditor(State base, StateLimits limits, bool aside);
  void forget_oldest_tombstone();
  void make_room();
  RecordRef put(State::Tree& tree, RecordRef record);
  RecordRef erase(State::Tree& tree, std::string_view key);
  std::uint64_t digest_of(const Record& record) const { return limits_.digests ? record.digest() : 0; }

  State committed_;  // or what it began with
  State state_;
  const StateLimits limits_;
  std::unique_ptr<tree::Draft> draft_;
};

// Makes a State from records in rising key order (a snapshot being loaded), much faster than put() by put().
class StateBuilder {
 public:
  explicit StateBuilder(StateLimits limits = {});
  ~StateBuilder();
  StateBuilder(const StateBuilder&) = delete;
  StateBuilder& operator=(const StateBuilder&) = delete;

  // Throws std::invalid_argument unless the key is greater than the one before it.
  void add(RecordRef record);
  State finish(Revision revision, LogTime time);

 private:
  struct Levels;
  const StateLimits limits_;
  std::unique_ptr<Levels> levels_;
};

}  // namespace kvs
