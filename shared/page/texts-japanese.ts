import type { Texts } from './texts.ts';

/** What the pages say in Japanese. */
export const JAPANESE: Texts = {
  waking: {
    title: '起動しています',
    text: 'しばらくアクセスがなかったため、このブランチはスリープしていました。いま起動しています。',
  },
  silent: {
    title: '起動しましたが、応答がありません',
    text: 'Kubernetes では準備完了ですが、ポートからの応答がまだありません。',
  },
  ready: { title: '準備ができました', text: 'ブランチが起動しました。ページを開きます…' },
  stopped: {
    title: 'まだお待ちですか？',
    text: 'リソース節約のため、このページは確認を停止しました。ブランチはもう起動しているかもしれません。',
  },
  noSuchBranch: {
    title: 'ブランチが見つかりません',
    text: 'この名前のブランチはクラスタにありません。',
  },
  optedOut: {
    title: '停止中です',
    text: 'このブランチはレプリカ数が 0 で、dormouse/enabled: "false" が設定されているため、アクセスしても起動しません。',
  },
  leftAsleep: {
    title: 'スリープ中です',
    text: 'このブランチはスリープ中です。長時間使われていない、開いたままのページからのアクセスでは起動しません。再読み込みすると起動します。',
  },
  steps: {
    unknown: 'いま Kubernetes から応答がありません。',
    pod: 'Kubernetes に Pod の作成を依頼しています。',
    node: '空きのあるノードを待っています。ノードの追加が必要な場合は 1〜2 分かかります。',
    image: 'イメージを取得しています。ノードでの初回の取得には時間がかかります。',
    init: 'init コンテナを実行しています（マイグレーションやダウンロードなど）。',
    start: 'イメージの取得が終わり、コンテナを起動しています。',
    readiness: 'アプリケーションは動いています。readiness probe が通るのを待っています。',
    endpoints: 'Pod の準備ができました。Service がリクエストを送り始めるのを待っています。',
  },
  stages: {
    place: 'ノードを確保',
    image: 'イメージを取得',
    start: 'コンテナを起動',
    check: 'readiness probe を確認',
    open: 'ページを開く',
  },
  marks: { done: '完了', current: '進行中' },
  reasons: {
    image: {
      title: 'イメージを取得できません',
      text: 'レジストリからイメージを取得できません。ビルドとプッシュが済んでいるか、名前が正しいかを確認してください。',
    },
    config: {
      title: 'コンテナを作成できません',
      text: '設定に不足か誤りがあります。多くの場合、ConfigMap や Secret、またはそのキーがありません。',
    },
    'crash-loop': {
      title: '起動直後にクラッシュしています',
      text: 'Kubernetes が間隔を延ばしながら再起動を繰り返しています。たいていはログに原因が出ています。',
    },
    quota: {
      title: 'クラスタが Pod の作成を拒否しています',
      text: '名前空間のクォータ、制限、またはアドミッションポリシーに抵触しています。',
    },
    'no-service': {
      title: 'Service がありません',
      text: 'Pod は動いていますが、同じ名前の Service がないため、リクエストが届きません。',
    },
  },
  labels: {
    steps: '起動の手順',
    elapsed: '経過時間',
    usual: 'いつもの所要時間',
    change: '最後の変更',
    asked: 'アクセス先',
    container: 'コンテナ',
    kubernetes: 'Kubernetes からのメッセージ',
    look: '詳しく調べるには',
    wakeByHand: '手動で起動するには',
    again: 'もう一度試す',
  },
  addresses: {
    title: 'アドレスの決まり方',
    text: 'ブランチ名を小文字にし、英数字以外を「-」に置き換え、末尾に --g を付けます。',
    made: '{branch} のアドレスは {label} です',
    hashed: '置き換えで文字が失われた場合は、区別のため短い文字列が付きます。',
    look: 'まだデプロイされていないか、名前が間違っているか、マージ後に削除された可能性があります。一覧は次のコマンドで確認できます',
  },
  footnote: 'ブランチが応答すると、このページは自動的に開き直されます。',
  hopelessFootnote: '原因が解消されれば、自動的に起動します。',
};
