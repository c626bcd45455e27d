// The keys and values at a revision: an immutable ordered map (copy-on-write B+tree).
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "kvs/record.hpp"
#include "kvs/revision.hpp"

namespace kvs {

namespace tree {
struct Node;  // tree_node.hpp
void intrusive_ptr_add_ref(const Node* node) noexcept;
void intrusive_ptr_release(const Node* node) noexcept;
using NodeRef = boost::intrusive_ptr<const Node>;
}  // namespace tree

// A value type: copying costs one atomic increment, versions share their nodes. Any thread may read any State at any
// time; a State holds everything it shows. Keys are ordered by their bytes (unsigned).
class State {
 public:
  State() = default;

  // Null if there is no such key; valid as long as this State (or the record) is held.
  const Record* find(std::string_view key) const;

  std::size_t size() const { return size_; }       // live keys
  std::uint64_t bytes() const { return bytes_; }   // their records' footprints
  Revision revision() const { return revision_; }  // of the newest applied change
  LogTime time() const { return time_; }           // its log time
  // Of all records with all they hold: two States that show the same have the same digest, and two that do not have
  // another but for one chance in 2^64. Not for adversaries.
  std::uint64_t digest() const { return digest_; }

  // A place between keys that walks in both directions. Invalidated with its State (hold a copy beside it).
  class Cursor;
  Cursor seek(std::string_view key) const;  // at the first key >= `key`
  Cursor begin() const;
  Cursor end() const;  // after the last key

 private:
  friend class StateEditor;
  friend class StateBuilder;
  tree::NodeRef root_;
  std::size_t size_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t digest_ = 0;  // sum of the records' digests, so that each change adds and takes away its own
  Revision revision_ = no_revision;
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

// Makes the next State out of one: nodes it made itself are edited in place, all others are copied first, so the State
// it began with never changes. One thread. The editor may be dropped without commit().
class StateEditor {
 public:
  explicit StateEditor(State base);
  ~StateEditor();
  StateEditor(const StateEditor&) = delete;
  StateEditor& operator=(const StateEditor&) = delete;

  const Record* find(std::string_view key) const;  // sees the edits made so far
  RecordRef put(RecordRef record);                 // inserts or replaces; returns what was there before
  RecordRef erase(std::string_view key);           // returns what was there; null: no such key
  std::size_t size() const { return state_.size_; }
  std::uint64_t bytes() const { return state_.bytes_; }
  std::uint64_t digest() const { return state_.digest_; }

  // The edited State at its new revision and time. The editor goes on from it (its nodes are shared from now on).
  State commit(Revision revision, LogTime time);

 private:
  State state_;
  std::uint64_t stamp_;  // nodes made by this editor since the last commit carry it
};

// Makes a State from records in rising key order (a snapshot being loaded), much faster than put() by put().
class StateBuilder {
 public:
  StateBuilder();
  ~StateBuilder();
  StateBuilder(const StateBuilder&) = delete;
  StateBuilder& operator=(const StateBuilder&) = delete;

  // Throws std::invalid_argument unless the key is greater than the one before it.
  void add(RecordRef record);
  State finish(Revision revision, LogTime time);

 private:
  struct Levels;
  std::unique_ptr<Levels> levels_;
};

}  // namespace kvs
