//===- InspectPage.cpp - The page of inspect --html -----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Puts the facts, style and script into one page that loads nothing. The parts of the
// page are files of their own in page/, which CMake makes literals of.
//
//===----------------------------------------------------------------------===//

#include "InspectPageParts.h"
#include "InspectReport.h"

using namespace uwt;
using namespace uwt::tool;

/// `text` for HTML.
static std::string escaped(std::string_view text) {
  std::string result;
  for (char c : text) {
    if (c == '&')
      result += "&amp;";
    else if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '"')
      result += "&quot;";
    else
      result += c;
  }
  return result;
}

/// Appends JSON that cannot end the element it stands in: '<' occurs in its strings only.
static void appendEmbeddable(std::string &text, std::string_view json) {
  for (char c : json)
    text += c == '<' ? std::string("\\u003c") : std::string(1, c);
}

/// Replaces the one `mark` in `page`.
static void fill(std::string &page, std::string_view mark, std::string_view text) {
  size_t at = page.find(mark);
  if (at != std::string::npos)
    page.replace(at, mark.size(), text);
}

std::string uwt::tool::inspectionPage(const Inspection &inspection) {
  // Cells that a chart of escapes has room for.
  constexpr size_t maxPanels = 200;
  std::string page(inspectHtml);
  fill(page, "<!--title-->", escaped(inspection.path));
  fill(page, "/*style*/", inspectCss);
  fill(page, "/*script*/", inspectJs);
  // Last: what a file says may not be taken for a mark.
  std::string data;
  writeInspectionJson(inspection, maxPanels, false,
                      [&](std::string_view json) { appendEmbeddable(data, json); });
  fill(page, "/*data*/", data);
  return page;
}
