// Text for man(7): paragraphs, lists and examples, with whatever roff would take for its own escaped.
#pragma once
#include <string>
#include <string_view>

namespace kvs {

class Roff {
 public:
  // `title` in capitals.
  Roff(std::string_view title, int section, std::string_view summary);

  Roff& heading(std::string_view text);
  Roff& paragraph(std::string_view text);
  // An entry of a list: a bold term, which may go on in another face (the value of a flag), and what it is.
  Roff& entry(std::string_view bold, std::string_view italic, std::string_view text);
  // What stands between them belongs to the entry before, and is indented as its text is.
  Roff& begin_inner();
  Roff& end_inner();
  // Lines as they are.
  Roff& example(std::string_view lines);

  std::string take() { return std::move(text_); }

 private:
  void line(std::string_view text);

  std::string text_;
};

// A dash becomes a minus, so that flags can be copied; a leading dot or quote loses its power.
std::string roff_text(std::string_view text);

}  // namespace kvs
