<?php
declare( strict_types = 1 );

namespace WP_Codebox\Bench;

use RuntimeException;

/**
 * The rows: each measures pair by pair and returns its figures and, for each bar, whether it is met.
 *
 * A row is array( 'id', 'what', 'figures' => name => number, 'checks' => list of array( 'what',
 * 'value', 'bar', 'pass' ) ).
 */
final class Rows {

	public const IDS = array( 'fork_ready', 'fork_query', 'first_call', 'vs_playground', 'live_memory', 'cycle_rate', 'front_page', 'cpu_native', 'cpu_node', 'bundle', 'capture', 'redaction', 'listing', 'recipe', 'phpunit' );

	/**
	 * @param string $dir    Where the peers and their site are.
	 * @param int    $rounds How many pairs are measured; 0 for as many as the row needs.
	 */
	public function __construct( private string $dir, private int $rounds ) {}

	/**
	 * @return array<string, mixed>
	 */
	public function row( string $id ): array {
		return array( 'id' => $id ) + $this->$id();
	}

	private function rounds( int $usual ): int {
		return $this->rounds > 0 ? $this->rounds : $usual;
	}

	private function fork_ready(): array {
		$times = new Samples();
		for ( $round = $this->rounds( 10 ); $round > 0; $round-- ) {
			$times->add( ...Child::json( self::php( 'forks.php', '100' ) )['ready'] );
		}
		return array(
			'what'    => 'fork to WordPress ready, ms',
			'figures' => $times->summary(),
			'checks'  => array(
				self::at_most( 'p50, ms', $times->median(), 0.1 ),
				self::at_most( 'p99, ms', $times->at( 0.99 ), 1 ),
			),
		);
	}

	private function fork_query(): array {
		$ours   = new Samples();
		$native = new Samples();
		$ratios = array();
		for ( $round = $this->rounds( 10 ); $round > 0; $round-- ) {
			$forks = Child::json( self::php( 'forks.php', '100' ) );
			$other = $this->native_query( $forks['result'] );
			$ours->add( ...$forks['query'] );
			$native->add( $other['ms'] );
			$ratios[] = $other['ms'] / Samples::median_of( $forks['query'] );
		}
		return array(
			'what'    => 'fork to the result of the query, ms; native PHP loads WordPress and asks the same',
			'figures' => $ours->summary() + array( 'native_median' => $native->median() ),
			'checks'  => array(
				self::at_most( 'p50, ms', $ours->median(), 1.5 ),
				self::at_least( 'times faster than native', Samples::median_of( $ratios ), 150 ),
			),
		);
	}

	private function first_call(): array {
		$ours   = new Samples();
		$native = new Samples();
		$ratios = array();
		for ( $round = $this->rounds( 15 ); $round > 0; $round-- ) {
			$first = Child::json( self::php( 'first-call.php' ) );
			$other = $this->native_query( $first['result'] );
			$ours->add( $first['ms'] );
			$native->add( $other['ms'] );
			$ratios[] = $other['ms'] / $first['ms'];
		}
		return array(
			'what'    => 'first sandbox and query in a new PHP process, image on disk, ms',
			'figures' => $ours->summary() + array( 'native_median' => $native->median() ),
			'checks'  => array(
				self::at_most( 'p50, ms', $ours->median(), 12 ),
				self::at_least( 'times faster than native', Samples::median_of( $ratios ), 20 ),
			),
		);
	}

	private function vs_playground(): array {
		$site    = $this->dir . '/site';
		$script  = dirname( __DIR__ ) . '/scripts';
		$command = array(
			$this->dir . '/playground/node_modules/.bin/node',
			$this->dir . '/playground/node_modules/@wp-playground/cli/wp-playground.js',
			'php',
			'--php=8.3',
			"--mount-before-install=$site:/wordpress",
			"--mount-before-install=$script:/scripts",
			'--wordpress-install-mode=do-not-attempt-installing',
			'--verbosity=quiet',
			'--',
			'/scripts/wordpress.php',
			'/wordpress',
		);
		$walls   = array();
		$memory  = array();
		$forks   = array();
		$whole   = array();
		$inside  = array();
		for ( $round = $this->rounds( 3 ); $round > 0; $round-- ) {
			$ours = Child::run( self::php( 'first-call.php' ) );
			$fork = Samples::median_of( Child::json( self::php( 'forks.php', '50' ) )['query'] );
			$node = Child::run( $command );
			$at   = strpos( $node['stdout'], '{"ms"' );
			self::same( json_decode( $ours['stdout'], true )['result'], false === $at ? $node['stdout'] : json_decode( trim( substr( $node['stdout'], $at ) ), true )['result'] ?? $node['stdout'] );
			$walls[]  = $ours['wall_ms'];
			$memory[] = $ours['rss_mib'];
			$forks[]  = $node['wall_ms'] / $fork;
			$whole[]  = $node['wall_ms'] / $ours['wall_ms'];
			$inside[] = array( $node['wall_ms'], $node['rss_mib'] );
		}
		return array(
			'what'    => 'whole process with the same result, against the Playground CLI',
			'figures' => array(
				'median'                => Samples::median_of( $walls ),
				'rss_mib'               => Samples::median_of( $memory ),
				'playground_median'     => Samples::median_of( array_column( $inside, 0 ) ),
				'playground_rss_mib'    => Samples::median_of( array_column( $inside, 1 ) ),
			),
			'checks'  => array(
				self::at_least( 'times faster, whole process', Samples::median_of( $whole ), 300 ),
				self::at_least( 'times faster, fork_query', Samples::median_of( $forks ), 2000 ),
			),
		);
	}

	private function live_memory(): array {
		$echo     = Child::json( self::php( 'memory.php', '100', 'echo' ) );
		$query    = Child::json( self::php( 'memory.php', '100', 'query' ) );
		$thousand = Child::json( self::php( 'memory.php', '999', 'query' ) );
		return array(
			'what'    => 'PSS of one more live sandbox, MiB, over 100; of a process with 1,000',
			'figures' => array(
				'echo_mib'     => $echo['each_mib'],
				'query_mib'    => $query['each_mib'],
				'thousand_mib' => $thousand['total_mib'],
			),
			'checks'  => array(
				self::at_most( 'after echo 1, MiB', $echo['each_mib'], 0.4 ),
				self::at_most( 'after the query, MiB', $query['each_mib'], 1 ),
				self::at_most( 'process with 1,000 after the query, MiB', $thousand['total_mib'], 1024 ),
			),
		);
	}

	private function cycle_rate(): array {
		$rates  = array();
		$ratios = array();
		for ( $round = $this->rounds( 5 ); $round > 0; $round-- ) {
			$rate     = Child::json( self::php( 'cycles.php', '400' ) );
			$rates[]  = $rate;
			$ratios[] = $rate['threads_2'] / $rate['threads_1'];
		}
		$median = static fn( string $name ): float => Samples::median_of( array_column( $rates, $name ) );
		return array(
			'what'    => 'create, query, collect, destroy: sandboxes a second; forks on two threads over one',
			'figures' => array(
				'median'    => $median( 'cycle' ),
				'threads_1' => $median( 'threads_1' ),
				'threads_2' => $median( 'threads_2' ),
			),
			'checks'  => array(
				self::at_least( 'a second', $median( 'cycle' ), 400 ),
				self::at_least( 'two threads over one', Samples::median_of( $ratios ), 1.8 ),
			),
		);
	}

	private function front_page(): array {
		putenv( 'BENCH_SITE=' . $this->dir . '/site' );
		$probe = stream_socket_server( 'tcp://127.0.0.1:0' );
		$host  = stream_socket_get_name( $probe, false );
		fclose( $probe );
		// The server lives as long as this object does.
		$server = Child::start( array( (string) getenv( 'PHP' ), '-d', 'opcache.enable=1', '-d', 'opcache.enable_cli=1', '-S', $host, '-t', $this->dir . '/site', dirname( __DIR__ ) . '/scripts/front-page-native.php' ), true );
		$inside = Child::start( self::php( 'front-page-sandbox.php' ) );
		$get    = static fn( string $path ): string => (string) file_get_contents( "http://$host$path" );
		for ( $try = 0; $try < 100 && false === @file_get_contents( "http://$host/?rendering" ); $try++ ) {
			usleep( 50000 );
		}
		for ( $i = 0; $i < 3; $i++ ) {
			$get( '/?rendering' );
			$get( '/' );
			$inside->ask( 'warm' );
		}
		$ours     = array();
		$native   = array();
		$requests = array();
		$ratios   = array();
		for ( $round = $this->rounds( 20 ); $round > 0; $round-- ) {
			$page  = $inside->ask( 'page' );
			$other = json_decode( $get( '/?rendering' ), true );
			$began = hrtime( true );
			$get( '/' );
			$requests[] = ( hrtime( true ) - $began ) / 1e6;
			$ours[]     = $page;
			$native[]   = $other;
			$ratios[]   = $page['ms'] / $other['ms'];
		}
		unset( $server );
		return array(
			'what'    => 'rendering the front page in a loaded WordPress, ms; native PHP with opcache does the same',
			'figures' => array(
				'median'                => Samples::median_of( array_column( $ours, 'ms' ) ),
				'bytes'                 => end( $ours )['bytes'],
				'native_median'         => Samples::median_of( array_column( $native, 'ms' ) ),
				'native_bytes'          => end( $native )['bytes'],
				'from_fork_median'      => Samples::median_of( array_column( $ours, 'from_fork_ms' ) ),
				'native_request_median' => Samples::median_of( $requests ),
			),
			'checks'  => array( self::at_most( 'times native', Samples::median_of( $ratios ), 1.5 ) ),
		);
	}

	private function cpu_native(): array {
		return $this->cpu( 'native PHP', 1.9, fn( string $program, int $runs ): array => Child::json( array( (string) getenv( 'PHP' ), '-d', 'opcache.enable_cli=1', '-d', 'opcache.jit=0', '-d', 'date.timezone=UTC', '-d', 'memory_limit=256M', dirname( __DIR__ ) . '/measure.php', dirname( __DIR__ ) . "/programs/$program.php", (string) $runs ) ) );
	}

	private function cpu_node(): array {
		$packages = $this->dir . '/playground';
		$node     = Child::start( array( "$packages/node_modules/.bin/node", '--experimental-wasm-jspi', dirname( __DIR__ ) . '/playground/cpu.mjs', $packages, dirname( __DIR__ ) ) );
		return $this->cpu( 'the Playground packages in Node', 0.55, static fn( string $program, int $runs ): array => $node->ask( "$program $runs" ) );
	}

	/**
	 * @param callable(string, int): array<mixed> $peer Runs a program so many times.
	 */
	private function cpu( string $name, float $bar, callable $peer ): array {
		$inside   = Child::start( self::php( 'cpu-sandbox.php' ) );
		$programs = array_map( static fn( $file ) => basename( $file, '.php' ), glob( dirname( __DIR__ ) . '/programs/*.php' ) );
		$best     = array();
		for ( $round = $this->rounds( 3 ); $round > 0; $round-- ) {
			foreach ( $programs as $program ) {
				$ours  = $inside->ask( "$program 3" );
				$other = $peer( $program, 3 );
				self::same( $ours['checksum'], $other['checksum'] );
				$best[ $program ]['ours'][] = min( $ours['ms'] );
				$best[ $program ]['peer'][] = min( $other['ms'] );
			}
		}
		$sums = array(
			'ours' => 0.0,
			'peer' => 0.0,
		);
		$each = array();
		foreach ( $best as $program => $times ) {
			$ours             = Samples::median_of( $times['ours'] );
			$other            = Samples::median_of( $times['peer'] );
			$sums['ours']    += $ours;
			$sums['peer']    += $other;
			$each[ $program ] = $ours / $other;
		}
		return array(
			'what'    => "a set of programs, ms, against $name",
			'figures' => array(
				'median'      => $sums['ours'],
				'peer_median' => $sums['peer'],
				'programs'    => $each,
			),
			'checks'  => array( self::at_most( "times $name", $sums['ours'] / $sums['peer'], $bar ) ),
		);
	}

	private function bundle(): array {
		$times = new Samples();
		for ( $round = $this->rounds( 10 ); $round > 0; $round-- ) {
			$times->add( ...$this->bundles( 30, 10 ) );
		}
		return array(
			'what'    => 'artifact bundle of a change of ten files, beyond the sandbox\'s own work, ms',
			'figures' => $times->summary(),
			'checks'  => array( self::at_most( 'p50, ms', $times->median(), 3 ) ),
		);
	}

	private function capture(): array {
		$large  = new Samples();
		$small  = new Samples();
		$ratios = array();
		for ( $round = $this->rounds( 10 ); $round > 0; $round-- ) {
			$many = $this->bundles( 100000, 1 );
			$few  = $this->bundles( 10, 1 );
			$large->add( ...$many );
			$small->add( ...$few );
			$ratios[] = Samples::median_of( $many ) / Samples::median_of( $few );
		}
		return array(
			'what'    => 'bundle of a change of one line in a tree of 100,000 files, beyond the sandbox\'s own work, ms; the same in a tree of ten',
			'figures' => $large->summary() + array( 'small_median' => $small->median() ),
			'checks'  => array(
				self::at_most( 'p50, ms', $large->median(), 10 ),
				self::at_most( 'times a tree of ten files', Samples::median_of( $ratios ), 1.5 ),
			),
		);
	}

	/**
	 * @return float[]
	 */
	private function bundles( int $tree, int $edits ): array {
		return Child::json( self::php( 'bundle.php', $this->dir, (string) $tree, (string) $edits, '20' ) )['ms'];
	}

	/**
	 * Removes the bundles that the rows have made. At the very end: for seconds after files were
	 * removed, ext4 looks at each of their inodes whenever it makes a file, to give none of them again.
	 */
	public function tidy(): void {
		$stores = array_filter( array( "$this->dir/bundles", "$this->dir/recipe-bundles" ), 'is_dir' );
		Child::json( self::php( 'prune.php', ...$stores ) );
	}

	private function redaction(): array {
		$rates = array();
		$build = array();
		for ( $round = $this->rounds( 3 ); $round > 0; $round-- ) {
			$answer  = Child::json( array( 'cargo', 'bench', '--quiet', '--locked', '--manifest-path', dirname( __DIR__, 2 ) . '/Cargo.toml', '--no-default-features', '--features', 'compiler', '--bench', 'redaction', '--', getenv( 'WP_CODEBOX_RUNTIME_DIR' ) . '/wordpress' ) );
			$rates[] = array_column( $answer['rows'], 'megabytesPerSecond', 'name' );
			$build[] = $answer['buildMilliseconds'];
		}
		$median = Samples::median_of( array_column( $rates, '50 secrets' ) );
		return array(
			'what'    => 'redaction of WordPress\'s own files, MB/s, with 50 secrets; with none; ms to get ready for them',
			'figures' => array(
				'median'         => $median,
				'without_median' => Samples::median_of( array_column( $rates, 'no secret' ) ),
				'ready_median'   => Samples::median_of( $build ),
			),
			'checks'  => array( self::at_least( 'MB/s', $median, 500 ) ),
		);
	}

	private function listing(): array {
		$times = new Samples();
		for ( $round = $this->rounds( 5 ); $round > 0; $round-- ) {
			$times->add( ...Child::json( self::php( 'listing.php', $this->dir, '10000', '20' ) )['ms'] );
		}
		return array(
			'what'    => 'first page of a store of 10,000 bundles, ms',
			'figures' => $times->summary(),
			'checks'  => array( self::at_most( 'p50, ms', $times->median(), 50 ) ),
		);
	}

	private function recipe(): array {
		$reading = new Samples();
		$writing = new Samples();
		for ( $round = $this->rounds( 10 ); $round > 0; $round-- ) {
			$reading->add( ...Child::json( self::php( 'recipe.php', $this->dir, '20', 'reading' ) )['ms'] );
			$writing->add( ...Child::json( self::php( 'recipe.php', $this->dir, '20', 'writing' ) )['ms'] );
		}
		return array(
			'what'    => 'a recipe with a plugin, a step and a probe, from the facade to the bundle, ms; with a step that writes',
			'figures' => $reading->summary() + array( 'writing_median' => $writing->median() ),
			'checks'  => array( self::at_most( 'p50, ms', $reading->median(), 25 ) ),
		);
	}

	private function phpunit(): array {
		putenv( 'BENCH_SITE=' . $this->dir . '/site' );
		$command = array( (string) getenv( 'PHP' ), '-d', 'auto_prepend_file=' . dirname( __DIR__ ) . '/scripts/phpunit-native.php', '/usr/bin/phpunit', '--no-configuration', '--do-not-cache-result', '--colors=never', dirname( __DIR__ ) . '/components/suite/tests' );
		$ours    = array();
		$native  = array();
		$ratios  = array();
		for ( $round = $this->rounds( 10 ); $round > 0; $round-- ) {
			$inside = Child::json( self::php( 'phpunit-sandbox.php', '1' ) );
			$other  = Child::run( $command );
			preg_match( '/OK \((\d+) tests, (\d+) assertions\)/', $other['stdout'], $counts );
			self::same( $inside['counts'], array( array_map( 'intval', array_slice( $counts, 1 ) ) ) );
			$ours[]   = $inside['ms'][0];
			$native[] = $other['wall_ms'];
			$ratios[] = $inside['ms'][0] / $other['wall_ms'];
		}
		return array(
			'what'    => 'a plugin\'s PHPUnit tests, from fork to result, ms; PHPUnit in a native process that loads WordPress',
			'figures' => array(
				'median'        => Samples::median_of( $ours ),
				'native_median' => Samples::median_of( $native ),
			),
			'checks'  => array( self::at_most( 'times native', Samples::median_of( $ratios ), 1.5 ) ),
		);
	}

	/**
	 * @param mixed $expected The sandbox's answer.
	 * @return array{ms: float, result: mixed}
	 */
	private function native_query( $expected ): array {
		$answer = Child::json( array( (string) getenv( 'PHP' ), dirname( __DIR__ ) . '/scripts/wordpress.php', $this->dir . '/site' ) );
		self::same( $expected, $answer['result'] );
		return $answer;
	}

	/**
	 * What is compared must have done the same.
	 *
	 * @param mixed $ours  Our answer.
	 * @param mixed $other The other's.
	 */
	private static function same( $ours, $other ): void {
		if ( $ours !== $other ) {
			throw new RuntimeException( 'Different answers: ' . json_encode( array( $ours, $other ) ) );
		}
	}

	/**
	 * @return string[]
	 */
	private static function php( string $script, string ...$arguments ): array {
		return array( (string) getenv( 'PHP' ), dirname( __DIR__ ) . "/scripts/$script", ...$arguments );
	}

	private static function at_most( string $what, float $value, float $bar ): array {
		return array(
			'what'  => $what,
			'value' => $value,
			'bar'   => "at most $bar",
			'pass'  => $value <= $bar,
		);
	}

	private static function at_least( string $what, float $value, float $bar ): array {
		return array(
			'what'  => $what,
			'value' => $value,
			'bar'   => "at least $bar",
			'pass'  => $value >= $bar,
		);
	}
}
