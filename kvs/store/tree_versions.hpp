// Who frees the nodes and records of the state's trees, and when.
//
// Versions share nearly everything. A count of references in each node and record would have to be raised for all
// children of every node that is copied, and lowered again: cache misses all over the memory. Here nothing is counted
// but who holds a version. Each node and record is known to be born in one version and dead in a later one; what died
// stands on the dead list of the version that no longer shows it, and is freed when no version between the two is held
// any more. (ZFS frees the blocks of its snapshots in this way: Bonwick and others, "The Zettabyte File System", 2003.)
#pragma once
#include <array>
#include <atomic>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

#include "kvs/record.hpp"
#include "kvs/store/tree_node.hpp"

namespace kvs::tree {

class Lineage;
class Version;
using VersionRef = boost::intrusive_ptr<const Version>;
using Roots = std::array<const Node*, 4>;  // of all trees of a state; null: empty

// Unique in the process, rising.
std::uint64_t next_stamp();

// What one commit took out of the trees, with what tells whether an older version can show it, too.
struct Dead {
  struct DeadNode {
    const Node* object;
    std::uint64_t born;  // its stamp
  };
  struct DeadRecord {
    const Record* object;
    Revision born;  // its own, which is not above that of the commit that put it in
  };
  std::vector<DeadNode> nodes;
  std::vector<DeadRecord> records;
};
using DeadList = std::list<Dead>;

// A commit: whoever holds it may walk what its roots lead to. Any thread may hold and release it.
class Version {
 public:
  Version(Lineage& lineage, std::uint64_t stamp, Revision newest, const Roots& roots)
      : lineage_(lineage), stamp_(stamp), newest_(newest), roots_(roots) {}

 private:
  friend class Lineage;
  friend class Draft;
  friend void intrusive_ptr_add_ref(const Version* version) noexcept;
  friend void intrusive_ptr_release(const Version* version) noexcept;

  mutable std::atomic<std::uint32_t> holders_{0};
  Lineage& lineage_;
  const std::uint64_t stamp_;  // all its nodes have this one or an older one
  const Revision newest_;      // of the records put in so far: one with a later revision is not in here
  const Roots roots_;
  mutable const Version* older_ = nullptr;  // the neighbours that are held; guarded by the lineage, as is what follows
  mutable const Version* newer_ = nullptr;
  mutable DeadList dead_;  // what the older neighbour still shows and this one does not
};

// What an editor has added and taken away since the last commit, on top of a version that it holds. One thread. Of two
// drafts on the same version one must be made `aside`: it keeps that version, and all it makes, until the last of its
// own versions goes; for short ones.
class Draft {
 public:
  enum class Kind : std::uint8_t {
    next,   // continues: its base is the newest of its lineage, and nobody else edits that; else std::logic_error
    aside,  // begins a lineage of its own
  };
  Draft(VersionRef base, Kind kind);
  ~Draft();  // right after commit() or rollback()
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  // Nodes made for this draft carry it and may be changed in place.
  std::uint64_t stamp() const { return stamp_; }

  // Before each edit: then it can tell what it does without having to allocate.
  void prepare();
  const Node* add(Fresh node) noexcept;        // made for this draft, linked into the tree now
  void retire(const Node* node) noexcept;      // not in the tree any more
  void add(RecordRef record) noexcept;         // the tree keeps this reference
  void retire(const Record* record) noexcept;  // not in the tree any more; the tree's reference is dropped in time

  // Bytes of what was retired since the last commit and others may still hold; made aside: 0.
  std::uint64_t replaced() const { return replaced_; }
  // Made aside: bytes of what the versions committed so far have beyond the base.
  std::uint64_t own() const;

  VersionRef commit(const Roots& roots);       // this draft goes on from there
  void rollback(const Roots& roots) noexcept;  // frees what it made; those roots must not be used any more

 private:
  bool is_new(const Record& record) const;

  VersionRef base_;
  Lineage* lineage_;
  std::uint64_t stamp_ = next_stamp();
  Revision newest_ = no_revision;    // of all records put in
  std::vector<const Record*> born_;  // put in since the last commit
  Dead dead_;
  std::uint64_t replaced_ = 0;
};

// Bytes that are in memory only because somebody holds a version that is not the newest, or one made aside; of all in
// the process. Any thread.
std::uint64_t kept_bytes();

// Frees a tree that is in no version, and drops its references to the records. Null is no tree.
struct FreeTree {
  void operator()(const Node* root) const noexcept;
};
using Tree = std::unique_ptr<const Node, FreeTree>;

// The version that a lineage begins with. `newest`: of the revisions of its records.
VersionRef first_version(Tree tree, Revision newest);

}  // namespace kvs::tree
