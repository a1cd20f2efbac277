"""The pages about the API, in a browser."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.test_review import check
from tests.running import Parley


@pytest.mark.parametrize("path", ["/api/docs", "/api/docs/perspective"])
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_a_document_is_readable_by_everybody(
    parley: Parley, browser: Any, path: str, width: int, scheme: str
) -> None:
    with browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme) as context:
        page = context.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.goto(parley.base + path)
        check(page)

        assert said == []
        assert page.locator("h1").count() == 1
