"""Every sentence of the cause map, in English and Russian."""

from __future__ import annotations

from collections.abc import Mapping

TABLE: Mapping[str, tuple[str | Mapping[str, str], str | Mapping[str, str]]] = {
    "map_title": ("The cause map", "Карта причин"),
    "map_caption": (
        "From what customers complain of to the root causes. Each figure is the share of complaints "
        "whose chains pass through the step, so a fix anywhere on the way can be weighed against one at the root.",
        "От того, на что жалуются клиенты, к коренным причинам. Число — доля жалоб, чьи цепочки проходят через это звено, "
        "поэтому контрмеру в любом месте пути можно сравнить с контрмерой у самого корня.",
    ),
    "map_lines": (
        "Symptoms stand on the left, root causes on the right. The thicker a line, the more complaints take it.",
        "Слева симптомы, справа коренные причины. Чем толще линия, тем больше жалоб по ней проходит.",
    ),
    "map_dashed": (
        "A dashed line passes through smaller steps that are not drawn.",
        "Пунктир проходит через более мелкие звенья, которые не нарисованы.",
    ),
    "map_drawing": (
        "Drawing of the cause map; the table below gives its steps in words.",
        "Рисунок карты причин; её звенья словами — в таблице ниже.",
    ),
    "map_symptoms": (
        {"one": "{n} rare symptom", "other": "{n} rare symptoms"},
        {
            "one": "{n} редкий симптом",
            "few": "{n} редких симптома",
            "many": "{n} редких симптомов",
            "other": "{n} редкого симптома",
        },
    ),
    "map_other_symptoms": ("rare symptoms", "редкие симптомы"),
    "map_causes": (
        {"one": "{n} smaller root cause", "other": "{n} smaller root causes"},
        {
            "one": "{n} коренная причина поменьше",
            "few": "{n} коренные причины поменьше",
            "many": "{n} коренных причин поменьше",
            "other": "{n} коренной причины поменьше",
        },
    ),
    "map_steps": (
        {"one": "{n} smaller step between them", "other": "{n} smaller steps between them"},
        {
            "one": "{n} звено поменьше между ними",
            "few": "{n} звена поменьше между ними",
            "many": "{n} звеньев поменьше между ними",
            "other": "{n} звена поменьше между ними",
        },
    ),
    "map_not_drawn": (
        "Not drawn: {steps}; {complaints} pass through them.",
        "Не нарисовано: {steps}; через них проходит {complaints}.",
    ),
    "map_circles": (
        {
            "one": "{n} link would close a circle and is left out of the map",
            "other": "{n} links would close a circle and are left out of the map",
        },
        {
            "one": "{n} связь замкнула бы круг и на карту не попала",
            "few": "{n} связи замкнули бы круг и на карту не попали",
            "many": "{n} связей замкнули бы круг и на карту не попали",
            "other": "{n} связи замкнули бы круг и на карту не попали",
        },
    ),
    "map_because": ("because", "потому что"),
    "map_more_circles": (
        {"one": "and {n} more", "other": "and {n} more"},
        {"one": "и ещё {n}", "few": "и ещё {n}", "many": "и ещё {n}", "other": "и ещё {n}"},
    ),
    "map_uncompared": (
        {
            "one": "{n} step worded in its own way was not compared by meaning, as there are too many: its share may be low.",
            "other": "{n} steps worded in their own way were not compared by meaning, as there are too many: shares may be low.",
        },
        {
            "one": "{n} звено со своей формулировкой не сравнивалось по смыслу (их слишком много): его доля может быть занижена.",
            "few": "{n} звена со своей формулировкой не сравнивались по смыслу (их слишком много): доли могут быть занижены.",
            "many": "{n} звеньев со своей формулировкой не сравнивались по смыслу (их слишком много): доли могут быть занижены.",
            "other": "{n} звена со своей формулировкой не сравнивались по смыслу (их слишком много): доли могут быть занижены.",
        },
    ),
    "map_table_title": ("Steps on the way to the root", "Звенья на пути к корню"),
    "map_table_hint": (
        "A step that many complaints share can be a cheap place to stop them; its chains propose the change shown most often.",
        "Звено, общее для многих жалоб, может оказаться дешёвым местом, чтобы их остановить; контрмера — та, что чаще всего "
        "предлагают его цепочки.",
    ),
    "map_step": ("Step", "Звено"),
    "map_no_change": ("none proposed", "не предложено"),
    "map_list_title": ("The map as a list", "Карта списком"),
    "map_list_hint": (
        "Each root cause with what it leads to, down to the symptoms.",
        "Каждая коренная причина и то, к чему она ведёт, вплоть до симптомов.",
    ),
    "map_seen": ("(see above)", "(см. выше)"),
    "map_by_way": ("by way of smaller steps", "через более мелкие звенья"),
}
