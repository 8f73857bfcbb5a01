<?php
/**
 * A run of PHPUnit.
 */

namespace WP_Codebox\Sandbox;

/**
 * Finds PHPUnit, runs it in this process and reads its report.
 */
final class Phpunit {

	/**
	 * Where PHPUnit is looked for beside the plugin's own.
	 */
	private const AUTOLOADERS = array( '/wp-codebox-vendor/autoload.php', '/usr/share/php/PHPUnit/Autoload.php' );

	private const REPORT = '/tmp/wp-codebox-phpunit.xml';

	/**
	 * Tests that a result lists, and bytes of one message.
	 */
	private const TESTS_MAX   = 2000;
	private const MESSAGE_MAX = 2000;

	/**
	 * The autoloader that brought PHPUnit.
	 *
	 * @var string
	 */
	private string $autoload = '';

	/**
	 * A run.
	 *
	 * @param array<string, mixed> $call What is asked for.
	 */
	public function __construct( private readonly array $call ) {}

	/**
	 * Files to load in the global scope before the tests, one after the other.
	 *
	 * @return \Generator<string>
	 * @throws Failed If something is missing.
	 */
	public function files_to_load(): \Generator {
		if ( ! is_dir( $this->call['cwd'] ) ) {
			throw new Failed( 'missing_path', sprintf( 'The sandbox has no directory %s.', $this->call['cwd'] ) );
		}
		set_environment( $this->call['variables'] ?? array() );
		foreach ( $this->call['defines'] ?? array() as $name => $value ) {
			defined( $name ) || define( $name, $value );
		}
		chdir( $this->call['cwd'] );
		if ( $this->call['managed'] ) {
			yield from Tested_Plugin::load( isset( $this->call['plugin'] ) ? array( new Tested_Plugin( $this->call['plugin'] ) ) : array() );
		}
		yield from $this->autoloader();
		yield from $this->call['bootstrap_files'] ?? array();
	}

	/**
	 * Runs the tests, or lists them.
	 *
	 * @return array<string, mixed>
	 * @throws Failed If tests fail, or there are none.
	 */
	public function run(): array {
		$list   = $this->call['list_only'];
		$begun  = microtime( true );
		$status = $this->phpunit( array( $list ? '--list-tests-xml' : '--log-junit', self::REPORT ) );
		$report = new \DOMDocument();
		if ( ! is_file( self::REPORT ) || ! $report->load( self::REPORT, LIBXML_NONET | LIBXML_PARSEHUGE ) ) {
			throw new Failed( 'phpunit_no_report', sprintf( 'PHPUnit ended with status %d and left no report: its output says why.', $status ) );
		}
		unlink( self::REPORT );
		if ( $list ) {
			return self::discovered( $report );
		}
		$result = self::result( $report, microtime( true ) - $begun );
		if ( 0 === $result['total'] ) {
			throw new Failed( 'phpunit_no_tests', 'PHPUnit has found no tests.', $result );
		}
		if ( 'failed' === $result['status'] || 0 !== $status ) {
			$result['status'] = 'failed';
			$failed           = $result['failures'] + $result['errors'];
			$message          = 0 === $failed ? sprintf( 'PHPUnit ended with status %d: its output says why.', $status ) : sprintf( '%d of %d tests failed.', $failed, $result['total'] );
			throw new Failed( 'phpunit_failed', $message, $result );
		}
		return $result;
	}

	/**
	 * Calls PHPUnit.
	 *
	 * @param list<string> $report Arguments for the report.
	 * @return int Its exit status.
	 */
	private function phpunit( array $report ): int {
		$arguments = array( 'phpunit', '--colors=never', '--do-not-cache-result', ...$report );
		$files     = $this->call['files'] ?? array();
		$config    = $this->configuration();
		if ( null === $config || count( $files ) > 1 ) {
			$config = $this->suite( $config, $files );
		} elseif ( $files ) {
			$last = $files[0];
		}
		array_push( $arguments, '--configuration', $config );
		$bootstrap = $this->call['managed'] ? $this->autoload : ( $this->call['bootstrap'] ?? null );
		if ( null !== $bootstrap ) {
			array_push( $arguments, '--bootstrap', $bootstrap );
		}
		array_push( $arguments, ...( $this->call['arguments'] ?? array() ) );
		if ( isset( $last ) ) {
			$arguments[] = $last;
		}
		$_SERVER['argv'] = $arguments;
		$_SERVER['argc'] = count( $arguments );
		$GLOBALS['argv'] = $arguments;
		$GLOBALS['argc'] = count( $arguments );
		if ( class_exists( \PHPUnit\TextUI\Application::class ) ) {
			return ( new \PHPUnit\TextUI\Application() )->run( $arguments );
		}
		return ( new \PHPUnit\TextUI\Command() )->run( $arguments, false );
	}

	/**
	 * The project's configuration, if it has one.
	 *
	 * @throws Failed If the one that is named is not there.
	 */
	private function configuration(): ?string {
		if ( isset( $this->call['configuration'] ) ) {
			if ( ! is_file( $this->call['configuration'] ) ) {
				throw new Failed( 'missing_path', sprintf( 'The sandbox has no file %s.', $this->call['configuration'] ) );
			}
			return $this->call['configuration'];
		}
		foreach ( array( 'phpunit.xml.dist', 'phpunit.xml' ) as $name ) {
			if ( is_file( $this->call['cwd'] . '/' . $name ) ) {
				return $this->call['cwd'] . '/' . $name;
			}
		}
		return null;
	}

	/**
	 * Writes a configuration with a suite of its own: the project's otherwise.
	 *
	 * @param string|null  $config The project's configuration.
	 * @param list<string> $files  Files to run; all tests of the test root if there are none.
	 * @return string Path.
	 * @throws Failed If there is nothing to run.
	 */
	private function suite( ?string $config, array $files ): string {
		$document = new \DOMDocument();
		if ( null === $config || ! $document->load( $config, LIBXML_NONET ) ) {
			$document->loadXML( '<phpunit/>' );
		}
		$root = $document->documentElement;
		// What was relative to the project's directory would be relative to another.
		$bootstrap = $root->getAttribute( 'bootstrap' );
		if ( '' !== $bootstrap && ! str_starts_with( $bootstrap, '/' ) ) {
			$root->setAttribute( 'bootstrap', dirname( (string) $config ) . '/' . $bootstrap );
		}
		foreach ( array( 'testsuites', 'testsuite', 'coverage', 'source', 'filter', 'logging' ) as $name ) {
			foreach ( iterator_to_array( $root->getElementsByTagName( $name ) ) as $element ) {
				$element->parentNode?->removeChild( $element );
			}
		}
		$suite = $document->createElement( 'testsuite' );
		$suite->setAttribute( 'name', 'tests' );
		foreach ( $files as $file ) {
			$suite->appendChild( $document->createElement( 'file' ) )->textContent = $file;
		}
		if ( ! $files ) {
			$tests = $this->call['test_root'];
			if ( ! is_dir( $tests ) ) {
				throw new Failed( 'phpunit_no_tests', sprintf( 'There is neither a phpunit.xml in %s nor a directory %s.', $this->call['cwd'], $tests ) );
			}
			foreach ( array( array( '', 'Test.php' ), array( 'test-', '.php' ) ) as list( $prefix, $suffix ) ) {
				$directory = $suite->appendChild( $document->createElement( 'directory' ) );
				$directory->setAttribute( 'prefix', $prefix );
				$directory->setAttribute( 'suffix', $suffix );
				$directory->textContent = $tests;
			}
		}
		$root->appendChild( $document->createElement( 'testsuites' ) )->appendChild( $suite );
		$path = '/tmp/wp-codebox-phpunit-suite.xml';
		$document->save( $path );
		return $path;
	}

	/**
	 * Autoloaders to load until one has brought PHPUnit.
	 *
	 * @return \Generator<string>
	 * @throws Failed If none has.
	 */
	private function autoloader(): \Generator {
		$candidates = isset( $this->call['autoload'] ) ? array( $this->call['autoload'] ) : array( $this->call['cwd'] . '/vendor/autoload.php', ...self::AUTOLOADERS );
		foreach ( $candidates as $file ) {
			if ( is_file( $file ) ) {
				// Packages of a distribution look for one another on the include path.
				set_include_path( get_include_path() . PATH_SEPARATOR . dirname( $file, 2 ) );
				yield $file;
				if ( class_exists( \PHPUnit\Framework\TestCase::class ) ) {
					$this->autoload = $file;
					return;
				}
			}
		}
		throw new Failed(
			'phpunit_missing',
			sprintf(
				'There is no PHPUnit in the sandbox (looked for %s). Install it with the plugin (composer require --dev phpunit/phpunit), or mount a directory that has it, such as Debian\'s /usr/share/php at /usr/share/php, and name its autoload-file if it is elsewhere.',
				implode( ', ', $candidates )
			),
			array( 'looked_for' => $candidates )
		);
	}

	/**
	 * A JUnit report as a result.
	 *
	 * @param \DOMDocument $report  Report.
	 * @param float        $elapsed Seconds.
	 * @return array<string, mixed>
	 */
	private static function result( \DOMDocument $report, float $elapsed ): array {
		$kinds  = array(
			'failure' => 'failed',
			'error'   => 'error',
			'warning' => 'failed',
			'skipped' => 'skipped',
		);
		$counts = array_fill_keys( array( 'passed', 'failed', 'error', 'skipped' ), 0 );
		$tests  = array();
		$total  = 0;
		$checks = 0;
		foreach ( $report->getElementsByTagName( 'testcase' ) as $case ) {
			$status  = 'passed';
			$message = null;
			foreach ( $case->childNodes as $child ) {
				if ( isset( $kinds[ $child->nodeName ] ) ) {
					$status  = $kinds[ $child->nodeName ];
					$text    = trim( $child->textContent );
					$message = strlen( $text ) > self::MESSAGE_MAX ? mb_strcut( $text, 0, self::MESSAGE_MAX ) . '…' : $text;
				}
			}
			++$total;
			++$counts[ $status ];
			$checks += (int) $case->getAttribute( 'assertions' );
			if ( $total <= self::TESTS_MAX ) {
				$tests[] = array_filter(
					array(
						'class'   => $case->getAttribute( 'class' ),
						'name'    => $case->getAttribute( 'name' ),
						'status'  => $status,
						'message' => $message,
					),
					'is_string'
				);
			}
		}
		return array(
			'schema'         => 'wp-codebox/phpunit-result/v1',
			'status'         => 0 === $counts['failed'] + $counts['error'] ? 'passed' : 'failed',
			'total'          => $total,
			'passed'         => $counts['passed'],
			'failures'       => $counts['failed'],
			'errors'         => $counts['error'],
			'skipped'        => $counts['skipped'],
			'assertions'     => $checks,
			'durationMs'     => round( 1000 * $elapsed, 3 ),
			'phpunitVersion' => \PHPUnit\Runner\Version::id(),
			'tests'          => $tests,
			'testsOmitted'   => $total - count( $tests ),
		);
	}

	/**
	 * A list of tests as `wp-codebox/phpunit-discovery/v1`.
	 *
	 * @param \DOMDocument $report PHPUnit's list.
	 * @return array<string, mixed>
	 */
	private static function discovered( \DOMDocument $report ): array {
		$tests = array();
		foreach ( array( 'testCaseMethod', 'testMethod' ) as $element ) {
			foreach ( $report->getElementsByTagName( $element ) as $method ) {
				$tests[] = array(
					'class' => $method->parentNode->getAttribute( 'name' ),
					'name'  => $method->getAttribute( 'name' ),
				);
			}
		}
		return array(
			'schema'       => 'wp-codebox/phpunit-discovery/v1',
			'total'        => count( $tests ),
			'tests'        => array_slice( $tests, 0, self::TESTS_MAX ),
			'testsOmitted' => max( 0, count( $tests ) - self::TESTS_MAX ),
		);
	}
}
