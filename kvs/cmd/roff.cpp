#include "kvs/cmd/roff.hpp"

namespace kvs {

std::string roff_text(std::string_view text) {
  std::string out;
  bool line_begins = true;
  for (char c : text) {
    if (line_begins && (c == '.' || c == '\'')) out += "\\&";
    line_begins = c == '\n';
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if (c == '\'') {
      out += "\\(aq";
    } else if (c == '`') {
      out += "\\(ga";
    } else if (c == '^') {
      out += "\\(ha";
    } else if (c == '~') {
      out += "\\(ti";
    } else {
      out += c;
    }
  }
  return out;
}

// Without a date: the same source makes the same page on any day.
Roff::Roff(std::string_view title, int section, std::string_view summary) {
  std::string capitals;
  for (char c : title) capitals += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  text_ = ".TH \"" + roff_text(capitals) + "\" " + std::to_string(section) + " \"\" \"kvs " KVS_VERSION "\" \"kvs\"\n";
  text_ += ".nh\n.ad l\n";
  heading("NAME");
  line(roff_text(title) + " \\- " + roff_text(summary));
}

void Roff::line(std::string_view text) {
  text_ += text;
  text_ += '\n';
}

Roff& Roff::heading(std::string_view text) {
  line(".SH " + roff_text(text));
  return *this;
}

Roff& Roff::paragraph(std::string_view text) {
  line(".PP");
  line(roff_text(text));
  return *this;
}

Roff& Roff::entry(std::string_view bold, std::string_view italic, std::string_view text) {
  line(".TP");
  std::string term = "\\fB" + roff_text(bold) + "\\fR";
  if (!italic.empty()) term += " \\fI" + roff_text(italic) + "\\fR";
  line(term);
  line(roff_text(text));
  return *this;
}

Roff& Roff::begin_inner() {
  line(".RS");
  return *this;
}

Roff& Roff::end_inner() {
  line(".RE");
  return *this;
}

Roff& Roff::example(std::string_view lines) {
  line(".PP");
  line(".in +4n");
  line(".nf");
  line(roff_text(lines));
  line(".fi");
  line(".in");
  return *this;
}

}  // namespace kvs
