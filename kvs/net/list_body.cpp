#include "kvs/net/list_body.hpp"

#include <utility>

#include "kvs/json_text.hpp"

namespace kvs {

namespace {

constexpr std::size_t record_overhead = 160;  // the JSON around key and value

std::size_t text_size(std::string_view bytes) { return is_utf8(bytes) ? bytes.size() : bytes.size() / 3 * 4 + 4; }

// About what an entry takes as JSON; escapes are left out.
std::size_t text_size(const ListScan::Entry& entry, ValueForm form) {
  std::size_t size = record_overhead + text_size(entry.name());
  if (entry.record && form == ValueForm::value) size += text_size(entry.record->value());
  return size;
}

class PageBody final : public BodySource {
 public:
  PageBody(ListScan scan, Page page, ValueForm form, Revision revision)
      : scan_(std::move(scan)), left_(page.entries), form_(form), next_(std::move(page.next)), revision_(revision) {}

  bool next(std::string& out) override {
    std::size_t begin = out.size();
    if (!std::exchange(begun_, true)) append_beginning(out);
    for (; left_ > 0 && out.size() - begin < piece_bytes; --left_) append_entry(out, scan_.next());
    if (left_ > 0) return true;
    append_end(out);
    return false;
  }
  const State* state() const override { return &scan_.state(); }

 private:
  void append_beginning(std::string& out) {
    out += "{\"revision\":";
    append_number(out, number(revision_));
    out += ",\"items\":[";
  }
  void append_entry(std::string& out, const ListScan::Entry& entry) {
    if (entry.record) {
      if (!std::exchange(first_, false)) out += ',';
      return append_record(out, *entry.record, form_);
    }
    bool text = is_utf8(entry.folded);
    std::string& list = text ? prefixes_ : prefixes_base64_;
    list += list.empty() ? "" : ",";
    if (text) return append_json_string(list, entry.folded);
    list += '"';
    append_base64(list, entry.folded);
    list += '"';
  }
  void append_end(std::string& out) {
    (out += "],\"prefixes\":[").append(prefixes_) += ']';
    if (!prefixes_base64_.empty()) (out += ",\"prefixes_base64\":[").append(prefixes_base64_) += ']';
    if (!next_.empty()) (out += ",\"next\":\"").append(next_) += '"';  // percent-encoded: nothing to escape
    out += "}\n";
  }

  ListScan scan_;
  std::size_t left_;
  const ValueForm form_;
  const std::string next_;
  const Revision revision_;
  bool begun_ = false;
  bool first_ = true;
  std::string prefixes_, prefixes_base64_;  // they stand behind all items
};

class LinesBody final : public BodySource {
 public:
  LinesBody(ListScan scan, std::size_t limit, ValueForm form) : scan_(std::move(scan)), left_(limit), form_(form) {}

  bool next(std::string& out) override {
    std::size_t begin = out.size();
    for (; left_ > 0 && out.size() - begin < piece_bytes; --left_) {
      ListScan::Entry entry = scan_.next();
      if (!entry) return false;
      append_line(out, entry);
    }
    return left_ > 0;
  }
  const State* state() const override { return &scan_.state(); }

 private:
  void append_line(std::string& out, const ListScan::Entry& entry) {
    if (entry.record) {
      append_record(out, *entry.record, form_);
      out += '\n';
      return;
    }
    out += '{';
    append_json_member(out, "prefix", entry.folded);
    out += "}\n";
  }

  ListScan scan_;
  std::size_t left_;
  const ValueForm form_;
};

}  // namespace

Page measure_page(ListScan scan, const ListRequest& request, const Position& position) {
  Page page;
  std::size_t bytes = 0;
  ListScan::Entry last;
  while (ListScan::Entry entry = scan.next()) {
    std::size_t size = text_size(entry, request.form);
    bool full = page.entries == request.limit || (page.entries > 0 && bytes + size > page_bytes);
    if (full) {
      page.next = next_page(request, last, position);
      return page;
    }
    bytes += size;
    ++page.entries;
    last = entry;
  }
  return page;
}

std::unique_ptr<BodySource> page_body(ListScan scan, Page page, ValueForm form, Revision revision) {
  return std::make_unique<PageBody>(std::move(scan), std::move(page), form, revision);
}

std::unique_ptr<BodySource> lines_body(ListScan scan, std::size_t limit, ValueForm form) {
  return std::make_unique<LinesBody>(std::move(scan), limit, form);
}

}  // namespace kvs
