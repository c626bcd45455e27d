// Records and events as the API's JSON. Bytes that are not UTF-8 go out as "key_base64" and "value_base64".
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "kvs/change.hpp"
#include "kvs/record.hpp"
#include "kvs/store/tombstone.hpp"

namespace kvs {

// Whether the value itself is shown, or "size" in its place (keys_only).
enum class ValueForm : std::uint8_t { value, size };

// {"key","value","revision","created_revision","version","modified","expires"?,"content_type"?}
void append_record(std::string& out, const Record& record, ValueForm form = ValueForm::value);

struct EventMarks {
  bool more = false;                 // further events of this revision follow for this watch
  bool initial = false;              // part of an initial state
  const Record* previous = nullptr;  // what was there before, to be shown
};

// {"op":"set", the record's members, "created":true?, …} or {"op":"delete" or "expire","key","revision","time", …}
void append_event(std::string& out, const Change& change, ValueForm form = ValueForm::value, EventMarks marks = {});
// A delete or expire of which only this is known.
void append_removal(std::string& out, const Tombstone& gone, EventMarks marks = {});
// A live key as part of an initial state: a set with "initial":true.
void append_initial_event(std::string& out, const Record& record, ValueForm form = ValueForm::value);

// Control events.
void append_synced(std::string& out, Revision revision);
void append_progress(std::string& out, Revision revision);
void append_reset(std::string& out, Revision revision, Revision oldest);
void append_diff(std::string& out, Revision since, Revision revision);
void append_skipped(std::string& out, std::uint64_t count);
// The last of a byte stream; `since`: from where to go on.
void append_error(std::string& out, std::string_view code, std::string_view detail, std::string_view since);
void append_stale(std::string& out, LogTime since);  // the bus is away
void append_fresh(std::string& out);                 // it is back

// {"Key":"City","Value":"Ahmedabad"} and a newline; broken UTF-8 becomes U+FFFD, here and below.
void append_legacy_pair(std::string& out, std::string_view key, std::string_view value);
// "City":"Ahmedabad", one member of /getall.
void append_legacy_member(std::string& out, std::string_view key, std::string_view value);
// {"Topic":…,"Partition":0,"Offset":revision-1,"Key":"Client address=…","Value":"City: Ahmedabad"} and a newline; a
// delete or an expiry has "Value":"City: ","Deleted":true.
void append_legacy_event(std::string& out, const Change& change, std::string_view topic);

}  // namespace kvs
