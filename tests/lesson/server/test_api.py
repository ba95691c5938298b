"""The API as other programs use it: many images at once, and a client made from the description alone."""

from __future__ import annotations

import base64
import io
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from exmachina import Classifier
from exmachina.data import Dataset
from exmachina.images.strokes import render_strokes
from lesson_server import Lesson

URL = "/api/v1/predict?run=tiny"
SEVEN = [[[10.0, 10.0], [90.0, 12.0], [40.0, 120.0]]]


def file(side: int = 60, value: int = 255) -> str:
    """A PNG with a dark stroke on paper, in base64."""
    picture = np.full((side, side), value, np.uint8)
    picture[side // 4 : 3 * side // 4, side // 2 : side // 2 + 5] = 0
    content = io.BytesIO()
    Image.fromarray(picture).save(content, "PNG")
    return base64.b64encode(content.getvalue()).decode()


def test_many_images_are_read_as_one_by_one(
    client: httpx.Client, tiny_run_directory: Any, test_digits: Dataset
) -> None:
    images = [{"pixels": image.ravel().tolist(), "prepared": True} for image in test_digits.images[:70]]
    images += [{"strokes": SEVEN}, {"file": file()}]
    answer = client.post(URL, json={"images": images}).json()["predictions"]
    assert answer == [client.post(URL, json=image).json() for image in images]
    expected = Classifier.load(tiny_run_directory).predict_many(test_digits.images[:70], prepared=True)
    assert [one["digit"] for one in answer[:70]] == [one.digit for one in expected]
    assert answer[70]["image"] == render_strokes(SEVEN).ravel().tolist()


def test_one_bad_image_costs_none_of_the_others(client: httpx.Client) -> None:
    bad: list[dict[str, Any]] = [{"file": "???"}, {"file": base64.b64encode(b"x").decode()}, {"strokes": [[[1]]]}, {}]
    answer = client.post(URL, json={"images": [*bad, {"pixels": [0] * 784}, {"strokes": SEVEN}]}).json()["predictions"]
    assert all(list(one) == ["error"] and "\n" not in one["error"] for one in answer[:4])
    assert answer[4]["digit"] is None and answer[5]["digit"] is not None


def test_batch_has_the_same_limits_as_one_image(client: httpx.Client) -> None:
    few = {"pixels": [9] * 784}
    assert client.post(URL, json={"images": [few] * 1001}).status_code == 400
    assert client.post(URL, json={"images": [{"file": "A" * (5 << 20)}]}).status_code == 413
    assert client.post(URL, json={"images": [few], "pixels": few["pixels"]}).status_code == 400
    # 25 million pixels are decoded for one request, whether they lie in one picture or in several.
    large = [{"file": file(3000)}] * 4
    answer = client.post(URL, json={"images": large}).json()["predictions"]
    assert ["error" in one for one in answer] == [False, False, True, True] and "pixels" in answer[2]["error"]


def test_client_made_from_the_description_works(lesson: Lesson) -> None:
    import aiopenapi3  # a second, which the other workers need not spend

    api = aiopenapi3.OpenAPI.load_sync(f"{lesson.address}/api/v1/openapi.json")
    assert api._.health().status == "ok" and "tiny" in api._.runs()
    one = api._.predict(parameters={"run": "tiny"}, data={"strokes": SEVEN})
    assert one.digit is not None and len(one.image) == 784
    many = api._.predict(parameters={"run": "tiny"}, data={"images": [{"strokes": SEVEN}, {"file": "?"}]})
    first, second = (item.root for item in many.predictions)
    assert first.digit == one.digit and "base64" in second.error
    assert api._.keep(data={"label": 7, "strokes": SEVEN, "image": [9] * 784}).id > 0
    for name, options in {"predict": {"parameters": {"run": "nobody"}}, "keep": {}}.items():
        with pytest.raises(aiopenapi3.errors.HTTPClientError) as refused:
            getattr(api._, name)(
                data={"label": 1, "image": [0] * 784} if name == "keep" else {"strokes": SEVEN}, **options
            )
        assert refused.value.status_code in (400, 404) and refused.value.data.error


def test_description_tells_what_is_really_answered(client: httpx.Client) -> None:
    description = client.get("/api/v1/openapi.json").json()
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            statuses = set(operation["responses"])
            assert {"400", "401", "403", "429", "503"} <= statuses and "422" not in statuses, (path, method)
            if "requestBody" in operation:
                assert {"408", "413", "415"} <= statuses, (path, method)
    predict = description["paths"]["/api/v1/predict"]["post"]["responses"]
    assert "404" in predict and "507" not in predict
    assert "507" in description["paths"]["/api/v1/collection"]["post"]["responses"]
    assert "ValidationError" not in description["components"]["schemas"]
