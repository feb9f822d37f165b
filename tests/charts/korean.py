"""The pictures' words in Korean, to draw with."""

from charts.words import MONTHS

KOREAN = {name: f"{n}월" for n, name in enumerate(MONTHS, 1)} | {
    "{day} {month}": "{month} {day}일",
    "{day} {month} {year}": "{year}년 {month} {day}일",
    "{month} {year}": "{year}년 {month}",
    "1 day": "하루",
    "{n} days": "{n}일",
    "1 hour": "1시간",
    "{n} hours": "{n}시간",
    "1 minute": "1분",
    "{n} minutes": "{n}분",
    "less than a minute": "1분 미만",
    "in 1 month": "1개월 동안",
    "in {n} months": "{n}개월 동안",
    "10K": "만",
    "100M": "억",
    "T": "조",
    "Equity": "평가금액",
    "Drawdown": "낙폭",
    "Stress": "스트레스 시험",
    "on the worst of these days": "가장 나빴던 날 기준",
    "on this day": "이날 기준",
    "dashed: {room} more and the drawdown limit sells everything": "점선: {room} 더 떨어지면 낙폭 한도가 전부 매도",
    "Correlation": "상관관계",
    "correlation of a pair, on average": "두 마켓 평균 상관",
    "hourly returns of the last {n} days": "최근 {n}일 1시간 수익률",
    "Nothing is held that could fall yet.": "하락할 보유분이 아직 없습니다.",
    "Without any stop on the way down: {list}.": "중간에 손절하지 않을 때: {list}.",
    "There are not two markets to compare yet.": "비교할 마켓이 아직 두 개가 되지 않습니다.",
    "Correlation of a pair {mean} on average; closest: {one} and {other}, {most}.": (
        "두 마켓의 상관은 평균 {mean}. 가장 가까운 짝: {one}, {other} ({most})."
    ),
    "Allocation": "자산 배분",
    "invested on average": "평균 투자 비중",
    "at the end {share}": "마지막 {share}",
    "Slippage": "슬리피지",
    "on average": "평균",
    "bp worse than the price at the decision": "결정 가격보다 불리한 정도(bp)",
    "No filled orders to show yet.": "아직 체결된 주문이 없습니다.",
    "Orders filled: {n}; beyond the price at the decision they paid {mean} on average, {cost} in all.": (
        "체결된 주문 {n}건, 결정 가격보다 더 치른 값 평균 {mean}, 합계 {cost}."
    ),
    "Worst {worst} ({symbol}, {day}), best {best}; 1 bp is 0.01%.": (
        "최악 {worst} ({symbol}, {day}), 최선 {best}. 1 bp는 0.01%입니다."
    ),
    "Nothing was held yet.": "아직 보유한 적이 없습니다.",
    "Invested {mean} on average: {list}.": "평균 투자 비중 {mean}: {list}.",
    "Candles": "캔들",
    "Comparison": "비교",
    "Profit a day": "일별 손익",
    "Profit a month": "월별 수익률",
    "Profit a trade": "거래별 수익률",
    "No data yet": "아직 데이터가 없습니다",
    "The picture comes with the first numbers.": "첫 숫자가 생기면 그려 드립니다.",
    "start {amount}": "시작 {amount}",
    "put in {amount}": "넣은 돈 {amount}",
    "trades": "거래",
    "deepest fall": "최대 낙폭",
    "now {fall}": "현재 {fall}",
    "volume": "거래량",
    "gaps: {n}": "빈 구간 {n}곳",
    "{n} candles a bar": "막대 하나에 캔들 {n}개",
    "{won} of {n} days up": "{n}일 중 {won}일 이익",
    "{n} days a bar": "막대 하나에 {n}일",
    "year": "연간",
    "per cent": "단위 %",
    "earlier years: {n}": "이전 {n}년 생략",
    "of {n} trades with profit": "거래 {n}건 중 이익 비율",
    "mean": "평균",
    "median": "중앙값",
    "profit of a trade, of what it cost": "매수 금액 대비 거래 손익",
    "{n} far outside": "크게 벗어난 {n}건",
    "grey: {n} more": "회색: 그 밖의 {n}개",
    "No equity to show yet.": "아직 보여 드릴 평가금액이 없습니다.",
    "Equity {equity}; nothing to compare it with yet.": "평가금액 {equity}, 아직 비교할 기록이 없습니다.",
    "Equity {equity}, {change} over {span}; deepest fall {fall} on {day}.": (
        "평가금액 {equity}, {span} 동안 {change}, 최대 낙폭 {fall} ({day})."
    ),
    "Equity {equity}, {change} over {span}; it never fell below an earlier high.": (
        "평가금액 {equity}, {span} 동안 {change}, 낙폭 없음."
    ),
    "Money put in or taken out ({flows}) is left out of the percentages.": (
        "입출금({flows})은 수익률에서 제외했습니다."
    ),
    "Trades closed: {n}, with profit: {won}.": "끝난 거래 {n}건, 그중 이익 {won}건.",
    "No fall in {span}.": "{span} 동안 낙폭이 없었습니다.",
    "Deepest fall {fall} on {day}, under water for {span}, {ended}.": (
        "최대 낙폭 {fall} ({day}), 전고점 아래 {span}, {ended}."
    ),
    "made good again": "회복함",
    "not made good yet": "아직 회복 전",
    "Now {fall} below the best so far.": "현재 전고점보다 {fall} 아래입니다.",
    "Now at its best so far.": "현재 최고점입니다.",
    "No candles to show yet.": "아직 보여 드릴 캔들이 없습니다.",
    "{symbol} at {price} {quote}, {change} in this window; between {low} and {high}.": (
        "{symbol} {price} {quote}, 이 구간에서 {change}, 저가 {low}, 고가 {high}."
    ),
    "Buys: {bought}, sells: {sold}.": "매수 {bought}번, 매도 {sold}번.",
    "No days to show yet.": "아직 보여 드릴 날이 없습니다.",
    "{total}, up on {won} of {n} days; best {best} on {best_day}, worst {worst} on {worst_day}.": (
        "{n}일 중 {won}일 이익, 합계 {total}, 최고 {best} ({best_day}), 최저 {worst} ({worst_day})."
    ),
    "No months to show yet.": "아직 보여 드릴 달이 없습니다.",
    "{total} {length}; best month {best} ({best_month}), worst {worst} ({worst_month}).": (
        "{length} {total}, 최고 {best} ({best_month}), 최저 {worst} ({worst_month})."
    ),
    "No closed trades to show yet.": "아직 끝난 거래가 없습니다.",
    "{won} of {n} trades with profit; mean {mean}, median {median}, best {best}, worst {worst}.": (
        "거래 {n}건 중 {won} 이익, 평균 {mean}, 중앙값 {median}, 최고 {best}, 최저 {worst}."
    ),
    "Nothing to compare yet.": "아직 비교할 것이 없습니다.",
    "Change over the window: {list}.": "기간 수익률: {list}.",
    "Luck": "운",
    "ours": "우리 결과",
    "better than {share} of chance": "우연의 {share}보다 나음",
    "what {n} throws of the dice earned": "무작위 {n}회의 수익률",
    "Sensitivity": "민감도",
    "yearly Sharpe ratio; across {x}": "연간 샤프 지수; 가로 {x}",
    "yearly Sharpe ratio; across {x}, down {y}": "연간 샤프 지수; 가로 {x}, 세로 {y}",
    "No dice thrown yet.": "아직 무작위 시험을 하지 않았습니다.",
    "Ours {ours}, {beaten}; the middle of chance {middle}, nine in ten {low} to {high}.": (
        "우리 결과 {ours}, {beaten}; 우연의 중앙값 {middle}, 열에 아홉은 {low} ~ {high}."
    ),
    "No variants to show yet.": "아직 보여 드릴 변형이 없습니다.",
    "{point}: Sharpe ratio {score}; all {n} variants lie between {low} and {high}.": (
        "{point}: 샤프 지수 {score}; 변형 {n}개는 모두 {low} ~ {high}."
    ),
    "Search": "탐색",
    "best {what} of each square; across {x}": "칸마다 가장 좋은 {what}, 가로 {x}",
    "best {what} of each square; across {x}, down {y}": "칸마다 가장 좋은 {what}, 가로 {x}, 세로 {y}",
    "Sharpe ratio": "샤프 지수",
    "Sortino ratio": "소르티노 지수",
    "Calmar ratio": "칼마 지수",
    "return over deepest fall": "최대 낙폭 대비 수익",
    "trades won": "승률",
    "total return": "총수익률",
    "yearly return": "연 수익률",
    "yearly volatility": "연 변동성",
    "profit factor": "프로핏 팩터",
    "Attribution": "손익 기여",
    "closed trades, after fees": "청산한 거래, 수수료 차감 후",
    "{n} others": "그 밖 {n}개",
    "Closed trades: {total}.": "청산한 거래 합계 {total}.",
    "{group}: {list}.": "{group}: {list}.",
    "Front": "최전선",
    "of {n} tries are beaten by none": "시도 {n}회 중 더 나은 것이 없는 시도",
    "across {x}, up {y}": "가로 {x}, 위로 {y}",
    "No tries to show yet.": "아직 보여 드릴 시도가 없습니다.",
    "Best {what} {value} at {point}, of {n} tries.": "시도 {n}회 중 가장 좋은 {what} {value}, {point}.",
    "What explains the differences: {list}.": "차이를 설명하는 비중: {list}.",
    "{n} of {all} tries are beaten by none; best {x} {left}, best {y} {right}.": (
        "시도 {all}회 중 {n}회는 더 나은 것이 없습니다. 가장 좋은 {x} {left}, 가장 좋은 {y} {right}."
    ),
    "stop": "손절",
    "target": "목표가",
    "{symbol} from {entry} to {exit} in {span}: {change}, {profit} after fees.": (
        "{symbol} {entry} → {exit}, {span} 보유: {change}, 수수료 차감 후 {profit}."
    ),
    "Levels: {list}.": "기준 가격: {list}.",
    "Exposure": "노출",
    "wanted exposure": "원하는 노출",
    "of the time in the market": "시장에 머문 시간",
    "{symbol} between {low} and {high} {quote}: in the market {share} of the time, changes of mind: {n}.": (
        "{symbol}, {low} ~ {high} {quote}: 시간의 {share} 동안 시장에 머물렀고, 판단이 바뀐 횟수는 {n}회입니다."
    ),
    "Buying and holding made {change}.": "사서 그대로 보유했다면 {change}였습니다.",
    "holding {change}": "보유 {change}",
    "No limits to show yet.": "아직 보여 줄 한도가 없습니다.",
    "{label}: {left}, {used} used": "{label}: {left}, {used} 사용",
    "A full bar is where the rule acts.": "막대가 다 차면 규칙이 작동합니다.",
    "used of what is nearest its limit": "한도에 가장 가까운 항목의 사용률",
}


def say(sentence: str) -> str:
    """As the chat says it to a Korean reader."""
    return KOREAN.get(sentence, sentence)
